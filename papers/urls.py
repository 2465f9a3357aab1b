from django.urls import path

from .views import papers, prices, quotes

app_name = "papers"
urlpatterns = [
    path("settings/prices/", prices.overview, name="prices"),
    path("settings/prices/new/", prices.new, name="new_prices"),
    path("settings/prices/<int:pk>/", prices.price_list, name="price_list"),
    path("patients/<int:number>/papers/", papers.patient, name="patient"),
    path("patients/<int:number>/papers/print/", papers.print_paper, name="print"),
    path("papers/<int:pk>/paper.pdf", papers.pdf, name="pdf"),
    path("patients/<int:number>/plans/<int:plan_number>/quote/", quotes.give, name="give"),
    path("quotes/<int:pk>/", quotes.quote, name="quote"),
    path("quotes/<int:pk>/answer/", quotes.answer, name="answer"),
]
