"""Asking for a sheet, handing it to the queue, making it."""

from .requests import NotSigned, request_sheet, sheet_of, signed_today, without_sheet

__all__ = ["NotSigned", "request_sheet", "sheet_of", "signed_today", "without_sheet"]
