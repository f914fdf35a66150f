"""The judge of parsing: labelled pages in, parsed blocks in, figures with their n out.

    evdocs eval layout [--seed N] [--dev DIR] [--json OUT] [--worst N] [--keep DIR]

truth.py       what a labelled page is: words with boxes, regions of a kind, tables with cells
words.py       a PDF -> its words by pdfium, each with the number its colour spells
vocabulary.py  sentences, part names, values: grammar-made, nothing copied
look.py        how one manual looks: paper, letters, columns, heads, numbering, boxes
manual.py      the builder: Typst source out, one label for every region and cell
specs.py       tables and spec lists of many forms, as plain records
set_table.py   those records -> Typst, with labels
notices.py     the forms of safety notices
frame.py       running heads and feet, page numbers, watermarks, tabs, covers, contents pages, indexes
figures.py     line drawings with labels and captions
families_manuals.py  what stands in a manual of each family: service and owner's manual, datasheet, protocol, charger, bulletin
families_layouts.py  emergency guide, side notes, turned pages and tables, mixed columns, hidden text, quick guide
families_by_hand.py  set by hand: Chinese manuals, office documents with the habits of their programs
families_hard.py  harder: indented paragraphs, nested lists, tables held by alignment only, pages of charts
hidden.py      text nobody can see, and honest text that is nearly like it
handset.py     a canvas for what Typst cannot set; setter.py lays a manual out on it
generate.py    seed -> labelled PDFs in a folder
dev_pages.py   pages of the dev set labelled by kind and box
pieces.py      a page's regions and blocks laid over its words
score.py       kinds, order, sections, notices, furniture, hidden text
cells.py       table cells
tally.py       counts that add up, figures with targets
run.py         generate, parse, score every document; the worst pages
command.py     the command and its tables

How truth is had: every document is set twice from one source. In the marked copy each region and each table cell has a colour of its own
that spells its number, so the characters on the page say what they belong to, across line, column and page breaks. The parser reads the
plain copy; both have every letter in the same place.

Agreed for all labels: furniture (running heads, feet, page numbers, watermarks, tabs) and contents pages belong in no block. Captions
count as right as paragraph, figure or table, or as no block at all (a caption may live in `Block.caption` alone). A figure with fewer
than three words in it may be a block or not. List markers may be part of the text or not. A side note's place in the order is free.
A section path may be opened by the document's title or not.
"""
