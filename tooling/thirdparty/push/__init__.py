"""Google's FCM HTTP v1 and Apple's APNs on one port: the first over HTTP/1.1 or 2, the second over HTTP/2
only.
"""
