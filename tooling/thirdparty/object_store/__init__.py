"""S3's wire protocol (path style, Signature V4) over files on disk."""
