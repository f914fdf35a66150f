"""English words, and a few German ones, that say how a question is asked and not what it is about: verbs of everyday use, adverbs,
prepositions, adjectives of size and time, and the words every manual is full of. A question's other words must be met by its evidence
(`service/specificity.py`); these need not be. Terms in the form of `core.text.analyze`.
"""

from __future__ import annotations

from service.core.text import analyze

_ENGLISH = """
able about above according across actual actually add added adding after again against age ago allow allowed allows almost alone along already alright also
although always among amount another answer anybody anyone anything anyway anywhere apart appear appears apply applied applies approximately around arrive arrived ask asked asking
aside assume away back bad based basic basically become becomes been before begin begins behind being believe below beside besides best better between beyond big
bigger biggest bit both bother bought break bring bringing brings broken build built buy call called calls came cannot care careful carry carried cases case catch cause caused causes certain certainly
change changed changes changing check checked checking checks choose chosen clear clearly close closely come comes comfortable coming common compare compared comparing comparison complain complains completely
concern connect connected connecting connection consider contain contained contains continue correct correctly could count couple course current currently cut dead deal decide decided decides deep default define defined defines
definition deliver delivered depend depends describe described description detail details determine determined did differ difference different differently difficult directly discover display displayed displays doing done dont down draw drawn drive driving drop dropped
due during each early easily easy effect either else end ends enough ensure enter entered entire equal especially etc even ever every everything exact exactly example except exist exists expect expected explain
extra face fail failed failing fails fairly fall far fast faster feed feel few figure fill final finally find finding fine finish first fit fitted fitting fix fixed fixing flip follow followed following follows forget form former
forward found free fresh full fully function further gap general generally gets getting give given gives giving goes going gone good great greater guess guy half hand handle handled happen happened happening happens hard hardly
heard heavy held help helpful helps hence here hi high higher highest hint hold holding holds hooked hot huge idea ideal identify immediately important inch include included includes including indeed indicate indicated indicates inside install installed
installing instead intend intended involve involved issue item itself job join joined just keep keeping keeps kept kind knew know known knows lack large larger largest last late later latter lead leading leads least leave
leaves leaving left length less let lets letting level lie light like likely limit limited line list listed listen little live located location long longer longest look looked looking looks lose lost lot low
lower lowest made main mainly make makes making manage many mark matter max maximum maybe mean meaning means meant measure measured measures meet mention mentioned mentions merely message met method middle might min mind minimum miss missed missing mode modern moment
month more moreover most mostly move moved moves moving much must myself name named names near nearby nearly necessarily necessary need needed needing needs neither never new newer newest next nice no nobody none nor normal
normally not note nothing notice now number numbers obtain obtained occur occurred occurs off offer offered offers often okay old older once one only onto open opened opening opens operate operated operation order
original others otherwise ought out over overall own page part particular particularly parts pass past per perform performed perhaps permit permitted person pick picked piece place placed places plan please plenty plugged plus point points pop popped possible
possibly prepare prepared present press prevent previous previously print printed prior probably problem proceed process produce produced proper properly provide provided provides purpose put puts putting question quick quickly quite quote quoted raise range
rate rated rather rating reach reached reaches read reading reads ready really reason receive received recently recommend recommended refer referred refers refuse refuses regard regarding regular related relative remain remaining remains remember remove
removed removing replace replaced report reported reports represent represented represents require required requirement requires respect respectively rest result results return returned returns right roughly round rule run running runs safe safely said same save saved saw say saying says second
section see seem seems seen select selected selecting send sending sends sense sent separate sequence series serious serve set sets setting settings setup several shall short should show showed showing shown shows shut side similar similarly simple simply since
single sit sits size slightly slow small smaller smallest so some somebody somehow someone something sometimes somewhere soon sort specific specifically specified specify specifies spec stand standing stands start started starting starts state
stated states stay stays step steps still stop stopped stops store straight strong stuck stuff such suddenly sufficient suggest suggested suitable supply support supported supports supposed sure survive survives swap take taken takes taking talk talks
tell telling tells tend term test text than thanks that thats thing things think third thorough though three thrice through throughout thus tight time times tiny together told too took tool top total toward towards tried tries trigger triggers
trouble true truly try trying turn turned turning turns twice two type types typical typically unable under understand unfortunately unit unless unlike until upon usage use used useful user uses using usual usually value values
various versus version very via view vs wait waiting walk want wanted wants warn way ways week well went werent what whatever whats whenever wheres whereas wherever whether whichever whole whose wide wider will wire wired wish within without wont word words work
worked working works world worse worst worth would write writing written wrong wrote yes yet yield zero zeroed prep prepping pls plz thx ok guys theres theyre isnt doesnt cant wont havent hasnt arent wasnt shouldnt couldnt wouldnt ive id ill
arrives retrieve comes cover fed pull pulling pulled push pushing swapped shipping shipped far going colour color place behind besides risk sketch stock fault detect warns warning own talk draw drain drained leave parked flash flashing again every several spare plug
overall whose fifth fourth isolating repaired coldest hottest warmest refill survive survives counter switch switching switched sitting ship mounted mounting mount attach attached agree agrees blink blinks erase erased triggered trapped traps listens compare draws delivers delivering
"""
_GERMAN = """
alle allem allen aller alles als also am an auch auf aus bei beim bis da damit dann dass dem den denn des dem dies diese diesem diesen dieser dieses doch dort durch ein eine einem einen einer eines er es etwas fur für
gegen gibt haben hat hatte hier hoch ich ihm ihn im in ins ist ja jede jedem jeden jeder jedes kann kein keine können lang lange macht man mehr mein meine mit muss müssen nach nicht noch nur ob oder ohne schon sein
seine sich sie sind so soll sollen sonst über um und uns unter viel viele vom von vor wann warum was welche welchem welchen welcher welches wenn wer werden wie wieder wird wo wurde zu zum zur zwischen darf
"""
COMMON: frozenset[str] = frozenset(analyze(_ENGLISH + _GERMAN))
