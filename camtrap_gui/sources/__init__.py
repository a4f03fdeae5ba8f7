"""Where pictures come from. Each source brings what it says into a project, as one ``Incoming``."""
