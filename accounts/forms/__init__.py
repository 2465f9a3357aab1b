from .competence import CompetenceForm, EndForm, PrescriberForm
from .sign_in import CodeForm, NewPasswordForm, PasskeyForm, PasswordForm, SignInForm

__all__ = ["CodeForm", "CompetenceForm", "EndForm", "NewPasswordForm", "PasskeyForm", "PasswordForm", "PrescriberForm", "SignInForm"]
