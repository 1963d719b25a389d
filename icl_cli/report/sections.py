"""How much a report draws, for commands too, which import nothing else of it before they begin."""

# Configurations that get figures unless told otherwise: about half a minute of drawing, and a page that scrolls.
SECTIONS = 20
