"""Media: pictures and documents, uploaded straight to the object store, shown only after they were processed."""
