r"""Tables and JSON documents of any system, read through a mapping that you write: a new till or shop needs no code.

A file called `mapping.toml` in a folder of `landing/<feed>/` says how to read the tables in that folder and below it
(`.csv`, `.txt`, `.tsv`, or JSON documents in `.json`, `.jsonl`; each also `.gz`). If several folders above a table have one, the nearest applies. The file is visible
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
    row_end = "delimiter"               # rows may end in delimiters that the header has not         default "line"
    last_line = "whole"                 # accept a last line without a line end                      default "refuse"

    documents = "orders"                # JSON instead of [file]: where in the file's value the documents lie   default: they are it
    rows = "line_items[]"               # and what their rows are; see below

    [leave_out]                         # rows to leave out; `parstock ingest` says how many
    lines = ["^#", "(?i)^;*total"]      # regular expressions, searched in the raw line
    where = { "Type" = ["PAY"] }        # or rows with this value in a column

    [values]
    decimal = ","                       # "." or ","                                                 default "."
    thousands = [" ", "\u00a0"]         # of " " "\u00a0" "\u202f" "." "," "'"                       default none
    datetime = "%d/%m/%Y %H:%M"         # or several; "iso" is ISO 8601                              default "iso"
    date = "%d/%m/%Y"                   # or several                                                 default "iso"
    time_zone = "Europe/Paris"          # of times in the file; default: that of the location, channel or source
    round = 4                           # numbers to so many decimals, halves away from zero         default: as written

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

A field takes one of

- `column`, or `columns` joined by `join` (a space by default),
- `value`, the same for all rows, or `folder`: the name of the folder under the feed's, and this text where there is none,
- `first_of = [ … ]`, of several sources the first that has something,
- `number_within = "document_id"` (of `document_line`, `source_event_id`): the number of the row within its document, in the order
  of the file. Lines that say the same get numbers of their own. A document must come whole, in one file, and with its lines in
  the same order each time; its place, register and day, if they are mapped, tell documents with one number apart.

These are then applied in order: `empty` (values that mean nothing), `extract` (a regular expression; its one group is kept),
`strip_prefix`, `strip_suffix` (one or several), `map` (a value that it does not list is refused, unless `others = "keep"`; ""
means empty), `any` (what whatever stands there means), `add_prefix`, `round` for numbers (also `1.5E-05` is one then),
`default` for empty values. `format` is for times, one or several; `excel` is a day as spreadsheets count it (43960, its time as
the fraction), `unix` and `unix_ms` an instant counted from 1970 in seconds or thousandths of them. `time` ("12:00") is for
columns that hold only a day. `optional = true` allows files without the column.

For `reference` the fields go under their entity (`[columns.items]`); tables of entities that the mapping does not name are read
without it. `files = { "articles*.csv" = ["items", "terms"] }` says which entities files of a name hold; each is a delivery of its
own, and may leave rows out of its own: `[leave_out.terms]`.

**JSON.** A file is one document, a list of them, or one a line; `documents` is the path to them where they are wrapped. `rows` is
the path to the lines of a document, each `[]` taking every element of a list (`parcels[].lines[]`); without it the document is
the row. Fields are named by paths from the top of the document, and those that begin as `rows` mean the row's own element:
`id`, `line_items[].sku`, `links[0].href`, `meta_data[key=size].value`. Nothing goes to `extra` that `unmapped` does not list.
Where one document says several things, there are several `[[rows]]`, each with `path`, `where` and `unless` (values at paths, ""
for nothing), and `columns` of its own on top of `[columns]`:

    [[rows]]
    path = "line_items[]"
    where = { status = ["completed"] }
    columns = { event_kind = { value = "order_shipped" }, occurred_at = "date_completed_gmt" }

A document without rows is left out and counted. `adapters/woocommerce/*.toml` are whole mappings of this kind.

Nothing is guessed. With a decimal comma, `1.234` is 1234 if the mapping lists the dot as thousands separator, otherwise it is
refused. A date that two formats read differently is refused. UTF-8 text is refused if the mapping states another encoding.
Numbers are read from text straight to decimals, never through binary floats.

A wrong mapping loses nothing: its files wait, unread, and `parstock ingest`, `up` and `doctor` say which key is wrong. When
the meaning of a mapping changes, every file under it becomes a new delivery: accepted rows are duplicates, refused rows are
read again. A row that was accepted before and now says something else is conflicting (`conflicting_payload`), unless the
mapping says `source_revision = { value = "1" }` (then 2, and so on): then the new row corrects the old one. A file that was
read through a mapping is read through it until another mapping is given, even if the mapping is gone.

Belongs here: the form of a mapping (`spec.py`), checking a written one (`check*.py`), records of a table (`fields.py`), rows of
documents (`paths.py`, `documents.py`), their values (`values.py`, `numbers.py`, `dates.py`, `lines.py`), the whole (`read.py`),
and drafts (`propose*.py`, `draft.py`, `words.py`). Does not belong here: checking and typing the
result, which the feed does (`feeds.reading.derive`), and finding mappings (`pipelines.ingest.sources.mappings`).
"""
