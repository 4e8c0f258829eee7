"""The chatbot: answers a citizen's question from the documents of the city."""
