"""The page that goes with a classifier: what it is for, what it learnt from, how good it is, where it errs.

In the spirit of Mitchell et al. 2019, "Model Cards for Model Reporting". ``facts`` gathers what the project knows,
``rendering`` makes a page (one HTML file with all pictures in it and nothing from elsewhere) and a Markdown text of it.
Names and coordinates of cameras are never on a card, as it is made to be passed on; nor are pictures with people.
"""

PAGE, TEXT = "model_card.html", "MODEL_CARD.md"
"""The names of both files."""
