"""Tables with a row an image: reading, selection, audit and card of the kind."""
