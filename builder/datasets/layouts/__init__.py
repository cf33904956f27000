"""What lies in a folder that nobody described, and the recipe that fits it.

`listing` names what lies there, `recognise` asks each layout for what it knows of it,
`recipe_text` writes the recipe. All but `listing` and `official` are pure.
"""
