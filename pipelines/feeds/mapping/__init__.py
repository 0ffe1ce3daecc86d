r"""Tables of any system, read through a mapping that its user writes: no code for a new till.

A file called `mapping.toml` in a folder of `landing/<feed>/` says how the tables beside it and below it are read
(`.csv`, `.txt`, `.tsv`, each also `.gz`); of several on the way up the nearest counts. It is visible and always called the
same, so whoever opens the folder sees why its files are read as they are, and no file that a till sends is mistaken for
one. `parstock ingest --format FILE.toml` names one for files elsewhere. What a mapping may say:

    feed = "pos"                        # required; whose fields the columns become

    [file]
    delimiter = ";"                     # "," ";" "|" or "\t"                                        default ","
    encoding = "cp1252"                 # utf-8 cp1252 iso-8859-1 iso-8859-15 utf-16 utf-16-le utf-16-be   default utf-8
    quote = '"'                         # '"' or "'", or "" for none                                 default '"'
    header = true                       # false: columns are named by their number, or by `names`    default true
    names = ["day", "shop"]             # with header = false: what the columns are called, in order
    skip_lines = 2                      # lines above the header (or above the first row)            default 0
    last_line = "whole"                 # the last line is whole although it has no line end         default "refuse"

    [leave_out]                         # rows that are none; counted, and told by `parstock ingest`
    lines = ["^#", "(?i)^;*total"]      # regular expressions, looked for in the line as it stands
    where = { "Type" = ["PAY"] }        # or a column's value

    [values]
    decimal = ","                       # "." or ","                                                 default "."
    thousands = [" ", "\u00a0"]         # of " " "\u00a0" "\u202f" "." "," "'"                       default none
    datetime = "%d/%m/%Y %H:%M"         # or several; "iso" is ISO 8601                              default "iso"
    date = "%d/%m/%Y"                   # or several                                                 default "iso"
    time_zone = "Europe/Paris"          # of written times; without it that of the place, channel or source

    unmapped = "extra"                  # columns that no field takes: "extra", "drop", or a list of those to keep

    [columns]                           # field of the feed = column, by its name, or by its number from 1
    document_id = "Ticket"
    occurred_at = { columns = ["Date", "Heure"], format = "%d/%m/%Y %H:%M:%S" }
    event_kind = { column = "Type", map = { VTE = "sale", RET = "return" } }
    item_code = { column = "Article", strip_prefix = "ART-" }
    unit_price_amount = { column = "Prix", strip_suffix = "€", optional = true }
    currency_code = { column = "Devise", default = "EUR" }
    item_code_kind = { value = "sku" }

    [negative_quantity]                 # a negative quantity makes another kind of the row and loses its sign
    sale = "return"

What a field may say: `column` or `columns` (joined by `join`, a blank unless said), or `value` for all rows; then in this
order `strip_prefix`, `strip_suffix` (one or several), `map` (a value it does not name is refused, unless `others = "keep"`;
"" is nothing), `default` for what is empty; `format` for times, and `time` ("12:00") where only a day is written;
`optional = true` for a column that a file may lack. For `reference` the fields stand under their entity
(`[columns.items]`); tables of entities that are not named are read for themselves.

Nothing is guessed. With a decimal comma `1.234` is 1234 where the dot is stated to part thousands, else it is refused; a
date that two formats read differently is refused; text that is UTF-8 under a mapping that says otherwise is refused.
Numbers stay text until they are decimals.

A mapping that cannot be used loses nothing: its files wait, unread, and `parstock ingest`, `up` and `doctor` say which
key is wrong. A mapping whose meaning changes makes every file under it a new delivery: rows that were accepted are
duplicates, rows that were refused are new. A row that was accepted and now says something else is a contradiction
(`conflicting_payload`), unless the mapping says `source_revision = { value = "1" }` (then 2, and so on), which replaces it.
A file once read through a mapping is read so until another is given, even when the mapping is gone.

Belongs here: what a mapping is (`spec.py`), checking one as written (`check.py`), records of such a table (`fields.py`),
their values (`values.py`, `numbers.py`, `dates.py`), the whole (`read.py`). Does not belong here: judging and typing what
comes out, which is the feed's (`derive.py`), and finding mappings (`pipelines.ingest.sources.mappings`).
"""
