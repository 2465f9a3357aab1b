"""
Why a sheet was not made, as it is kept: in English, each with what to do. A page says it in its own language (`Sheet.problem_words`).
A test holds this list against what is raised.
"""

from django.utils.translation import gettext_noop

PROBLEMS = (
    gettext_noop(
        "Making this sheet took too long and was stopped. Choose Make again; if it fails again, tell whoever looks after the system."
    ),
    gettext_noop(
        "Making this sheet needed more memory than one sheet may have, so it was stopped. Choose Make again; if it fails again, "
        "tell whoever looks after the system."
    ),
    gettext_noop(
        "The sheet would have %(pages)s pages, which is more than a patient reads. The record is safe. Tell whoever looks after the system."
    ),
    gettext_noop(
        "The file that was made did not pass its checks, so it was thrown away. Choose Make again; if it fails again, "
        "tell whoever looks after the system."
    ),
    gettext_noop("The sheet could not be stored. Check that the disk has room: the sheet is then made."),
    gettext_noop(
        "Something in the sheet's making went wrong (%(kind)s). Choose Make again; if it fails again, tell whoever looks after the system."
    ),
    gettext_noop("Making this sheet stopped %(times)s times. Choose Make again, or tell whoever looks after the system."),
    gettext_noop("The protocol has no healing times for a depth of %(depth)s. Check the depths in the record, or ask the medical lead."),
    gettext_noop(
        "Protocol %(version)s is not approved, so no sheet is made from it. Ask the medical lead to approve it, then make the sheet again."
    ),
    gettext_noop("No zone was treated in this session, so there is nothing to look after."),
    gettext_noop("The sheet needs the clinic's phone number and emergency number. Enter both in the clinic's settings."),
    gettext_noop("The protocol does not know the zone “%(zone)s”. Ask the medical lead."),
    gettext_noop("The sheet does not know the urgency “%(urgency)s” of the protocol. Tell the medical lead."),
    gettext_noop("The protocol was changed outside the clinic's own screens. Restore it from a backup, then make it again."),
    gettext_noop("The %(language)s words were retired. Make the sheet again: it is then made in English."),
    gettext_noop("The %(language)s words were changed outside the clinic's own screens. Restore them from a backup, then make it again."),
    gettext_noop(
        "PDFs are off on this machine: the drawing library Pango is not installed. Whoever looks after the system finds the line to run "
        "where the clinic is started. After that, choose Make again."
    ),
    gettext_noop("Our print fonts cannot draw %(letters)s. Write the name or word in other letters, then make the sheet again."),
    gettext_noop("The sheet's picture has no place for the zone “%(zone)s”. The record is safe. Tell whoever looks after the system."),
    gettext_noop("The sheet's words ask for “%(name)s”, which the protocol does not hold. Tell the medical lead."),
    gettext_noop("The sheet has no words for “%(name)s” of the protocol (%(section)s). Tell the medical lead."),
    gettext_noop("The protocol has its words for patients in “%(one)s”, not in “%(other)s”. Tell the medical lead."),
    gettext_noop("The words of the sheet in %(language)s are not approved. Make the sheet again: it is then made in English."),
    gettext_noop("Nobody has approved the words of the sheet in %(language)s. Ask the medical lead."),
    gettext_noop(
        "The English words changed since %(language)s was approved (“%(block)s”), so it is not printed. "
        "Make the sheet again: it is then made in English."
    ),
)
