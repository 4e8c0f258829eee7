"""Events that could not be delivered: kept, shown to operators, sent again."""
