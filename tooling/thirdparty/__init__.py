"""Local servers that stand in for third parties and speak their wire protocols: S3, SMTP, FCM HTTP v1, APNs."""
