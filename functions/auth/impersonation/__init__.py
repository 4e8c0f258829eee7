"""Impersonation: a super admin acts in a person's name, for half an hour, for a reason that the city can
read.
"""
