"""The words a pack chooses from: phototypes, actions, what is measured after a session and what may be resumed."""

PHOTOTYPES = ("I", "II", "III", "IV", "V", "VI")
PATIENT_ACTIONS = ("refuse", "defer", "exclude_zone", "caution", "none")
ACTIONS = ("refuse", "defer", "ask", "exclude_zone", "caution", "none")
MEASURES = ("erythema", "oedema", "flaking", "visible_downtime")
RESUMES = (
    "makeup_hours",
    "sunscreen_hours",
    "strenuous_exercise_hours",
    "sauna_pool_hours",
    "retinoid_and_acid_days",
    "avoid_strong_sun_days",
)
