"""What HEIDI needs at ten, a thousand and twenty thousand cities: arithmetic from measured costs, checked by
a simulation.
"""
