"""How text is read: tokens, stems, sentences and the query language, shared by search, alerts and extraction."""
