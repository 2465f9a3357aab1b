"""Asking for a sheet, handing it to the queue, making it."""

from .requests import NotSigned, request_sheet, sheet_of

__all__ = ["NotSigned", "request_sheet", "sheet_of"]
