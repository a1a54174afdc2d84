"""Who usually may do what; each view still names its own."""

from __future__ import annotations

#: People who look; what they see of persons is masked.
READERS = ("viewer", "officer", "vaccinator", "admin")
#: People and gateways that report readings and movements.
REPORTERS = ("device", "officer", "admin")
#: People at the place of injection.
VACCINATORS = ("vaccinator", "officer", "admin")
#: People who act on cases.
OFFICERS = ("officer", "admin")
#: People who may see a recipient unmasked, for a reason: those who vaccinate, and those who must
#: find the people of an excursion or a recall.
REVEALERS = VACCINATORS
