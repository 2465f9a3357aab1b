from .bench import CaseForm, SwitchForm
from .lifecycle import ApproveForm, DraftForm, ImportForm, RetireForm, ReviewForm, SendBackForm

__all__ = ["ApproveForm", "CaseForm", "DraftForm", "ImportForm", "RetireForm", "ReviewForm", "SendBackForm", "SwitchForm"]
