"""`./heidi new`: writes what a function, event, module or service needs, in the house's form.

What it writes passes the whole check; what only a person can know, it names in the end.
"""
