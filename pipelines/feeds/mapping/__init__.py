r"""Tables of any system, read through a mapping that you write: a new till needs no code.

A file called `mapping.toml` in a folder of `landing/<feed>/` says how to read the tables in that folder and below it
(`.csv`, `.txt`, `.tsv`, each also `.gz`). If several folders above a table have one, the nearest applies. The file is visible
and always has the same name, so whoever opens the folder sees how its files are read, and no file sent by a till is mistaken
for a mapping. `parstock ingest --format FILE.toml` names a mapping for files elsewhere. What a mapping may contain:

    feed = "pos"                        # required; the feed whose fields the columns become

    [file]
    delimiter = ";"                     # "," ";" "|" or "\t"                                        default ","
    encoding = "cp1252"                 # utf-8 cp1252 iso-8859-1 iso-8859-15 utf-16 utf-16-le utf-16-be   default utf-8
    quote = '"'                         # '"' or "'", or "" for none                                 default '"'
    header = true                       # false: columns are named by their number, or by `names`    default true
    names = ["day", "shop"]             # with header = false: what the columns are called, in order
    skip_lines = 2                      # lines above the header (or above the first row)            default 0
    last_line = "whole"                 # accept a last line without a line end                      default "refuse"

    [leave_out]                         # rows to leave out; `parstock ingest` says how many
    lines = ["^#", "(?i)^;*total"]      # regular expressions, searched in the raw line
    where = { "Type" = ["PAY"] }        # or rows with this value in a column

    [values]
    decimal = ","                       # "." or ","                                                 default "."
    thousands = [" ", "\u00a0"]         # of " " "\u00a0" "\u202f" "." "," "'"                       default none
    datetime = "%d/%m/%Y %H:%M"         # or several; "iso" is ISO 8601                              default "iso"
    date = "%d/%m/%Y"                   # or several                                                 default "iso"
    time_zone = "Europe/Paris"          # of times in the file; default: that of the location, channel or source

    unmapped = "extra"                  # columns used by no field: "extra", "drop", or a list of those to keep

    [columns]                           # field of the feed = column, by name or by number from 1
    document_id = "Ticket"
    occurred_at = { columns = ["Date", "Heure"], format = "%d/%m/%Y %H:%M:%S" }
    event_kind = { column = "Type", map = { VTE = "sale", RET = "return" } }
    item_code = { column = "Article", strip_prefix = "ART-" }
    unit_price_amount = { column = "Prix", strip_suffix = "€", optional = true }
    currency_code = { column = "Devise", default = "EUR" }
    item_code_kind = { value = "sku" }

    [negative_quantity]                 # a negative quantity changes the row's kind and loses its sign
    sale = "return"

A field takes `column` or `columns` (joined by `join`, a space by default), or `value`, the same for all rows. These are then
applied in order: `strip_prefix`, `strip_suffix` (one or several), `map` (a value that it does not list is refused, unless
`others = "keep"`; "" means empty), `default` for empty values. `format` is for times, and `time` ("12:00") for columns that
hold only a day. `optional = true` allows files without the column. For `reference` the fields go under their entity
(`[columns.items]`); tables of entities that the mapping does not name are read without it.

Nothing is guessed. With a decimal comma, `1.234` is 1234 if the mapping lists the dot as thousands separator, otherwise it is
refused. A date that two formats read differently is refused. UTF-8 text is refused if the mapping states another encoding.
Numbers are read from text straight to decimals, never through binary floats.

A wrong mapping loses nothing: its files wait, unread, and `parstock ingest`, `up` and `doctor` say which key is wrong. When
the meaning of a mapping changes, every file under it becomes a new delivery: accepted rows are duplicates, refused rows are
read again. A row that was accepted before and now says something else is conflicting (`conflicting_payload`), unless the
mapping says `source_revision = { value = "1" }` (then 2, and so on): then the new row corrects the old one. A file that was
read through a mapping is read through it until another mapping is given, even if the mapping is gone.

Belongs here: the form of a mapping (`spec.py`), checking a written one (`check.py`), records of such a table (`fields.py`),
their values (`values.py`, `numbers.py`, `dates.py`), the whole (`read.py`). Does not belong here: checking and typing the
result, which the feed does (`feeds.reading.derive`), and finding mappings (`pipelines.ingest.sources.mappings`).
"""
