from django.urls import path

from .views import bench, deleting, editor, editor_additions, exchange, reading, versions

app_name = "protocols"
# Words that stand where a version or an indication may stand come first, and are kept in `protocols.names`.
urlpatterns = [
    path("", versions.version_list, name="list"),
    path("import/", exchange.bring_in, name="import"),
    path("compare/", exchange.compare, name="compare"),
    path("cases/", bench.case_list, name="cases"),
    path("cases/new/", bench.case_add, name="case_add"),
    path("cases/<int:pk>/", bench.case_edit, name="case_edit"),
    path("cases/<int:pk>/switch/", bench.case_switch, name="case_switch"),
    path("<str:version>/", versions.version_page, name="version"),
    path("<str:version>/pack.yaml", exchange.pack, name="pack"),
    path("<str:version>/draft/", versions.make_draft, name="make_draft"),
    path("<str:version>/submit/", versions.submit, name="submit"),
    path("<str:version>/send-back/", versions.send_back, name="send_back"),
    path("<str:version>/approve/", versions.approve, name="approve"),
    path("<str:version>/retire/", versions.retire, name="retire"),
    path("<str:version>/delete/", deleting.delete_draft, name="delete_draft"),
    path("<str:version>/bench/", bench.bench_page, name="bench"),
    path("<str:version>/bench/<slug:key>/", bench.bench_case, name="bench_case"),
    path("<str:version>/edit/", editor.hub, name="edit"),
    path("<str:version>/edit/history/", editor.history, name="edit_history"),
    path("<str:version>/edit/remove-reference/<str:reference>/", editor.remove_reference, name="edit_remove_reference"),
    path("<str:version>/edit/remove/<slug:section>/<path:item>/", editor.remove_row, name="edit_remove_row"),
    path("<str:version>/edit/take-off/<str:reference>/", editor.take_off, name="edit_take_off"),
    path("<str:version>/edit/add-sheet-words/", editor_additions.add_sheet_words, name="edit_add_sheet_words"),
    path("<str:version>/edit/add-follow-up/", editor_additions.add_follow_up, name="edit_add_follow_up"),
    path("<str:version>/edit/add-before-visit/", editor_additions.add_before_visit, name="edit_add_before_visit"),
    path("<str:version>/edit/<slug:section>/", editor.section_page, name="edit_section"),
    path("<str:version>/edit/<slug:section>/<path:item>/", editor.section_page, name="edit_item"),
    path("<str:version>/<slug:indication>/", reading.indication_page, name="indication"),
]
