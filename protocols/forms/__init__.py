from .bench import CaseForm, SwitchForm
from .lifecycle import ApproveForm, DeleteForm, DraftForm, ImportForm, RetireForm, ReviewForm, SendBackForm

__all__ = ["ApproveForm", "CaseForm", "DeleteForm", "DraftForm", "ImportForm", "RetireForm", "ReviewForm", "SendBackForm", "SwitchForm"]
