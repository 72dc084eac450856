"""Support of active partners: intake, rhythm of contacts, orders, invoices, payments, renewals, meetings."""
