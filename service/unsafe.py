"""A question in, out: does it ask how to defeat a protection? Patterns of INTENT x OBJECT over normalised text, in English, German and Chinese.

A request is unsafe when a word that defeats ("bypass", "fool", "leave out") stands near something that protects ("interlock", "fuse",
"waiting time"), whichever comes first, or when one of a few whole demands is made (a copper bar for a fuse, charging a damaged
pack). The strength of the word decides which objects it needs: to *bridge* any protection is unsafe, to *switch off* is so only for a
protecting function, to *remove* one only with a motive ("so that it still drives"). Legitimate work speaks of the same things, so there are
frames that clear it: how a thing works, why or what happens if, named functions of a protocol, replacing and testing.
Must not know documents: what the manuals say to it is found by whoever refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.core.text import fold

REACH = 70
"""Characters between the word that defeats and what protects; about a dozen words."""


@dataclass(frozen=True, slots=True)
class Unsafe:
    """What was asked: the words that defeat, and what protects."""

    intent: str
    protection: str


def _any(*alternatives: str) -> str:
    return "(?:" + "|".join(alternatives) + ")"


_DEVICE = _any(
    r"\w*interlocks?\b", r"\bhvil\b", r"\bpilot (?:line|loop)\b", r"\bsafety (?:loop|line|circuit|chain|device|feature|function|switch|system|relay|lock)s?\b",
    r"\bshutdown (?:loop|circuit)\b", r"\bemergency (?:stop|off|shut\w*)\b", r"\be-?stops?\b", r"\b(?:isolation|insulation|ground|earth)[ -](?:monitor\w*|fault|leak\w*|warning|detect\w*|alarm|check\w*|sens\w*)",
    r"\bimd\b", r"\b(?:rcd|rcbo|rcm|gfci|gfi|elcb)s?\b", r"\bresidual[ -]current\b", r"\bearth[ -]leakage\b", r"\bcircuit[ -]breakers?\b", r"\bbreakers?\b",
    r"\b(?:pyro|thermal|main|pack|traction|hv|dc)?[ -]?fuses?\b", r"\bthermal (?:cut-?out|link|switch)", r"\bpre-?charg\w*", r"\b(?:lid|cover|door|cabinet|hatch|micro|limit|tamper|inertia|crash|impact|tilt)[ -]?(?:switch|contact|sensor)\w*",
    r"\b(?:inlet|plug|connector|charge|charging|cable) ?(?:port )?locks?\b", r"\bthe lock\b", r"\block(?:ing)? (?:pin|motor|actuator|solenoid|mechanism)\b", r"\bproximity\b",
    r"\b(?:protective|safety) (?:earth|ground|cover|conductor)\b", r"\bground(?:ing)? (?:strap|pin|wire|conductor)\b", r"\bearth(?:ing)? (?:strap|pin|wire|conductor)\b", r"\bwatchdog\b",
    r"\bcontactors?\b", r"\bair ?bags?\b", r"\bspeed limit\w*", r"\bwelding detection\b",
    r"\bcrash (?:signal|line|detection)\b", r"\b(?:high[ -]voltage|hv|service) disconnect\w*",
    r"\bsicherung(?:en|s\w*)?\b", r"\bpilotlinie\b", r"\bisolations?(?:wächter|überwachung|fehler)\w*", r"\bfi-?(?:schalter|schutz\w*)?\b", r"\bfehlerstrom\w*", r"\bnot-?(?:aus|halt)\w*",
    r"\b(?:deckel|tür|türkontakt)\w*schalter\b", r"\bsicherheits\w+", r"\bvorlad\w+", r"\bverriegelung\w*", r"\bschutz(?:leiter|einrichtung|schalter|abdeckung)\w*", r"\bschütze?\b",
    "互锁", "绝缘监[测控]", "绝缘检测", "绝缘报警", "保险丝", "熔断器", "漏电保护", "急停", "预充", "断路器", "门开关", "安全[回装开]", "接触器", "电子锁",
)  # fmt: skip
_FUNCTION = _any(
    r"\b(?:over|under)[ -]?(?:voltage|current|temp\w*|charge|discharge|heat\w*)(?: (?:protection|cut-?off|shut-?(?:down|off)|trip|limit|alarm|fault|lock-?out|warning))?\b",
    r"\b(?:voltage|current|temperature|thermal|charge|discharge|cell|safety|power) (?:protection|cut-?offs?|shut-?(?:down|off)|trips?|limit(?:er|s|ation)?|lock-?out|derating)\b",
    r"\b(?:ov|uv|ot|oc|ovp|uvp|otp|ocp|scp)\b(?: protection)?", r"\bprotections?\b", r"\bprotective (?:function|device|circuit|relay)s?\b", r"\bcut-?off\b", r"\b(?:bms|battery) (?:alarm|warning|fault|limit|lock-?out)s?\b",
    r"\bshort[ -]circuit protection\b", r"\bsafety (?:limit|check|alarm|timer|monitoring)s?\b", r"\bthermal (?:runaway )?(?:monitor\w*|protection|limit\w*|alarm)\b",
    r"\b(?:über|unter)(?:spannung|strom|temperatur)s?\w*", r"\bschutz(?:funktion|abschaltung)\w*", r"\btiefentlade\w*", r"\btemperaturüberwachung\b",
    "过压保护", "欠压保护", "过流保护", "过温保护", "短路保护", "保护", "报警", "告警",
)  # fmt: skip
_SENSOR = _any(
    r"\b(?:temp(?:erature)?|thermal|cell|pack|battery|current|voltage|ntc|coolant)[ -](?:sensors?|probes?|readings?|measurements?|sens\w*)\b", r"\bthermistors?\b", r"\bntcs?\b", r"\bcell (?:voltage|temperature)s?\b",
    r"\bthe temperature\b", r"\bbms\b", r"\bbattery management\b", r"\bcharging station\b", r"\bwall ?box\b", r"\bevse\b", r"\bonboard charger\b", r"\bcharger\b", r"\bpilot signal\b", r"\bcontrol pilot\b",
    r"\btemperaturf\w+", r"\btemperatursensor\w*", r"\bladesäule\b", "温度传感器", "热敏电阻", "电池管理",
)  # fmt: skip
_MEASURE = _any(
    r"\bgloves?\b", r"\bppe\b", r"\bprotective (?:gear|equipment|clothing|glasses|gloves?)\b", r"\bface ?(?:shield|guard)s?\b", r"\bvisors?\b", r"\bgoggles\b", r"\bsafety (?:glasses|shoes|gear|equipment|steps?|rules?|procedures?|precautions?|barriers?)\b", r"\binsulat(?:ed|ing) (?:tools?|mats?|blankets?|boots?|gloves?|shoes)\b", r"\barc[ -]flash\b",
    r"\b(?:wait(?:ing)?|discharge|discharging|bleed)[ -](?:time|period)s?\b", r"\b(?:\d+|two|three|five|ten|fifteen|twenty|thirty|few|couple of|the)[ -]?(?:min(?:ute)?s?|seconds|secs)\b(?: wait\w*| discharge\w*)?", r"\bwait(?:ing)? (?:for |until )?(?:the )?(?:capacitors?|dc[ -]?link|discharge|\d+)",
    r"\block-?out(?:[ /-]*tag-?out)?\b", r"\bloto\b", r"\btag-?out\b", r"\b(?:absence of voltage|zero[ -]volt\w*|voltage-?free|no[ -]voltage|dead|live[ -]dead)[ -]?(?:check|test|verification|proof|measurement)?s?\b", r"\bvoltage (?:check|test|measurement|verification)s?\b", r"\bde-?energi[sz]\w+",
    r"\b(?:insulation|isolation|dielectric|hipot|continuity|earth|ground) (?:test|check|measurement)s?\b", r"\bservice (?:plug|disconnect|switch)\b", r"\bmsd\b", r"\bmanual (?:service )?disconnect\b", r"\bsecond (?:person|man|technician)\b", r"\b(?:voltage|two[ -]pole|2-pole|duspol) (?:tester|detector|meter)s?\b", r"\b(?:check|test|measurement|verification) with the\b", r"\bprotective earth\b", r"\bearth (?:wire|lead|connection)\b", r"\b(?:isolation|de-?energising|shut-?down) procedure\b", r"\b(?:safety|warning) (?:signs?|labels?|tape)\b", r"\bdischarge (?:procedure|resistor)s?\b", r"\bisolating the (?:pack|battery|system)\b", r"\bgroundings?\b", r"\bearthing\b",
    r"\b\w*handschuhe?n?\b", r"\bschutzausrüstung\b", r"\bpsa\b", r"\bwartezeit\w*", r"\bspannungsfreiheit\w*", r"\bfreischalt\w*", r"\bgesichtsschutz\b", r"\bisoliermatte\w*", r"\bentladezeit\w*", r"\bserviceste\w+",
    "手套", "护目镜", "防护", "绝缘垫", "面罩", "等待时间", "放电时间", "等[待]?[0-9一二三五十几]+分钟", "验电", "上锁挂牌", "断电",
)  # fmt: skip

_DEFEAT = _any(
    r"\bby-?pass(?:ed|ing|es)?\b", r"\bjumper(?:ed|ing)?\b", r"\bjump(?:ing)? (?:out|across|over)\b", r"\bbridg(?:e|ed|ing)\b", r"\bshort(?:ing)? (?:out|together|across|the|them|it|both|pins?)\b", r"\b(?:do|can|must|should|could) (?:i|we) short\b", r"\bto short\b", r"\bdefeat(?:ing)?\b", r"\boverrid(?:e|ing)\b", r"\bfool(?:ing)?\b", r"\btrick(?:ing)?\b", r"\bspoof(?:ing)?\b", r"\bfak(?:e|ing)\b", r"\bcheat(?:ing)?\b", r"\bcircumvent(?:ing)?\b",
    r"\b(?:get|getting|go|work|working|wire|wiring|way|trick) (?:it )?(?:a)?round\b", r"\bwork-?arounds?\b", r"\bhot-?wir(?:e|ing)\b", r"\bhack(?:ing)?\b", r"\bjam(?:ming)?\b", r"\bwedg(?:e|ing)\b", r"\btap(?:e|ing) (?:down|over|up|shut|closed)\b", r"\bhold(?:ing)? down\b", r"\bpin(?:ning)? down\b", r"\bblock(?:ing)? (?:the|a|its)\b", r"\bprop(?:ping)? (?:open|up)\b", r"\b(?:weld|solder|glue|clamp|strap|tie|zip-?tie|lock|force|hold|keep|stick)(?:ing)?\b(?=.{0,40}\b(?:shut|closed|down|engaged|permanently)\b)",
    r"\bloop(?:ing)? (?:out|back|through)\b", r"\blink(?:ing)? out\b", r"\btamper(?:ing)?\b", r"\bdeceiv(?:e|ing)\b", r"\bmanipulat(?:e|ing)\b", r"\bsimulat(?:e|ing) (?:a |the )?closed\b", r"\blook(?:s)? closed\b", r"\bthinks?\b", r"\bdefeating\b", r"\bneutrali[sz](?:e|ing)\b", r"\bsabotage\b",
    r"\b(?:get|getting|sneak|slip) past\b", r"\bbeliev(?:e|es|ing)\b", r"\bless sensitive\b", r"\bsolder(?:ing)? over\b", r"\bforc(?:e|ing) (?:\S+ ){0,6}?(?:on|in|to (?:close|stay|pull))\b", r"\bstops? (?:\S+ ){0,5}?(?:from )?(?:tripping|opening|cutting|interrupting)\b",
    r"\bmak(?:e|ing) (?:\S+ ){1,6}?(?:ignore|stop|charge (?:anyway|regardless))\b", r"\bkeep(?:ing)? (?:\S+ ){1,6}?(?:pressed|shut|closed|depressed)\b", r"\bconnect(?:ing)? across\b", r"\bout of the (?:circuit|loop|equation)\b", r"\bperman?ently (?:close|open|connect)\w*\b", r"\bpretend\w*\b", r"\bcon(?:vince|vincing)\b",
    r"\b(?:zu )?überbrück\w+", r"\büberbrückt\b", r"\bumgeh(?:en|e|t|ung)\b", r"\bumzugehen\b", r"\baustricks\w+", r"\büberlist\w+", r"\btäusch\w+", r"\bkurz(?:zu)?schlie(?:ß|ss)\w*", r"\bmanipulier\w+", r"\bbrücke\b", r"\bvorgaukel\w+", r"\blahm ?legen\b", r"\bfestklemm\w+",
    "短接", "跳过", "绕过", "旁路", "欺骗", "骗过", "屏蔽", "跨接", "破解", "短路掉", "卡住", "强制吸合",
)  # fmt: skip
_DISABLE = _any(
    r"\bdisabl(?:e|ing)\b", r"\bget(?:ting)? (?:the )?contactors? to close\b", r"\bde-?activat(?:e|ing)\b", r"\b(?:turn|switch|shut)(?:ing)? (?:\S+ ){0,6}?off\b", r"\b(?:turn|switch|shut)(?:ing)? off\b", r"\bsilenc(?:e|ing)\b", r"\bmut(?:e|ing)\b", r"\bmask(?:ing)?\b", r"\bsuppress(?:ing)?\b", r"\bkill(?:ing)?\b", r"\beliminat(?:e|ing)\b", r"\bget(?:ting)? rid of\b", r"\bdelet(?:e|ing)\b", r"\bdefeat\b",
    r"\bstop (?:\S+ ){0,5}?from (?:tripping|cutting|blowing|stopping|shutting|opening)\b", r"\bignor(?:e|ing)\b", r"\brais(?:e|ing)\b", r"\bincreas(?:e|ing)\b", r"\bexceed(?:ing)?\b", r"\bcut (?:out )?the\b", r"\bunplug(?:ging)?\b", r"\bcode out\b", r"\bflash(?:ing)? out\b",
    r"\babschalt\w*", r"\b(?:schalt|deaktivier|setz|klemm)\w*\b(?=.{0,60}\b(?:ab|aus|außer kraft)\b)", r"\bdeaktivier\w+", r"\bausschalt\w*", r"\bignorier\w+", r"\babklemm\w+", r"\baußer kraft\b", r"\blöschen\b",
    "禁用", "关闭", "关掉", "取消", "拆掉", "拆除", "忽略", "去掉", "解除",
)  # fmt: skip
_SKIP = _any(
    r"\bskip(?:ping|s)?\b", r"\bomit(?:ting)?\b", r"\bwithout\b", r"\bleav(?:e|ing) (?:out|off|away|the|my|it)\b", r"\bassum(?:e|ing)\b", r"\bnot worth\b", r"\btoo long\b", r"\bwaste of time\b", r"\bdo (?:\S+ )?without\b", r"\bleft out\b", r"\bignor(?:e|ing)\b", r"\bforgo\b", r"\bforget about\b", r"\bno time (?:for|to)\b", r"\binstead of\b", r"\bget away with(?:out)?\b", r"\bdo (?:i|we|you|they|techs?) (?:really|actually|honestly|seriously) (?:need|have)\b", r"\bdo (?:i|we) (?:need|have to)\b(?=.{0,60}\b(?:just|only|quick|short|small|little|(?:one|two|five|ten)[ -]minutes?)\b)", r"\bis it (?:really )?necessary\b", r"\bshorten\b", r"\bcut short\b", r"\breduc(?:e|ing) the\b", r"\brush\b", r"\bby-?pass(?:ing)?\b", r"\bnot wear(?:ing)?\b", r"\bno (?:gloves|ppe|insulating)\b", r"\bbare[ -]hand\w*", r"\bnot (?:bother|wait|use|do|check)\w*\b", r"\bavoid (?:waiting|wearing|the)\b", r"\bdispense with\b", r"\bdon'?t (?:want|feel like|bother|have time) (?:to|with|for)?\b", r"\bquick(?:er|ly)? way\b", r"\bspeed up\b",
    r"\bweglass\w+", r"\bverzicht\w+", r"\bohne\b", r"\bmuss (?:ich|man) (?:wirklich|unbedingt|echt)\b", r"\bbrauche? (?:ich|man) (?:wirklich|unbedingt|echt)\b", r"\büberspring\w+", r"\bauslass\w+", r"\bverkürz\w+", r"\babkürz\w+",
    "不戴", "不用", "不等", "跳过", "省略", "省掉", "不穿", "不做", "不断电", "可以不", "没有必要",
)  # fmt: skip
_REMOVE = _any(
    r"\bremov(?:e|ing)\b", r"\btak(?:e|ing) (?:\S+ ){0,4}?(?:out|off)\b", r"\bcut(?:ting)?\b", r"\bdisconnect(?:ing)?\b", r"\bunplug(?:ging)?\b", r"\bpull(?:ing)?\b", r"\bleav(?:e|ing)\b", r"\brip(?:ping)? out\b", r"\bdetach(?:ing)?\b", r"\bunsolder(?:ing)?\b", r"\bremov\w+\b", r"\breplac(?:e|ing)\b", r"\bclear(?:ing)?\b", r"\bresett?(?:ing)?\b", r"\beras(?:e|ing)\b", r"\bopen(?:ing)?\b", r"\blower(?:ing)?\b", r"\bswap\w*\b", "断开", "剪断",
)  # fmt: skip
_MOTIVE = _any(
    r"\bso (?:that )?(?:i|we|it|the|he|they|my)\b", r"\bin order to (?:keep|still|drive)\b", r"\bkeeps? (?:on )?(?:tripping|cutting|blowing|stopping|shutting|opening|faulting|coming|beeping|interrupting|complaining)\b", r"\bhurry\b", r"\b(?:save|saving) (?:some |an? )?(?:time|hours?|minutes|money)\b", r"\banyway\b", r"\bto (?:drive|get|limp) home\b", r"\bwith(?:out)? (?:the )?(?:\S+ )?(?:cover|lid|door|guard) (?:off|open|removed|missing)\b", r"\b(?:regardless|nevertheless|no matter)\b", r"\brefus(?:es|ing) to\b", r"\bkeep (?:on )?(?:driving|charging|going|running|working)\b", r"\bcontinue (?:to )?(?:driv|charg|us|work)\w*\b", r"\bdrive on\b", r"\bstill (?:drive|charge|start|run|work|move|use)s?\b", r"\bannoy\w*\b", r"\bwithout (?:fixing|repairing|finding|looking)\b", r"\binstead of (?:fixing|repairing)\b", r"\bnuisance\b", r"\bstops? (?:the )?(?:complaining|tripping|charg\w+)\b", r"\bpermanently\b", r"\bforever\b", r"\bfor good\b", r"\bmore power\b", r"\bfaster\b", r"\bhigher\b", r"\bmyself\b", r"\btrotzdem\b", r"\bdamit\b", r"\bständig\b", r"\bimmer wieder\b", "继续", "还能", "仍然",
)  # fmt: skip

_DEMANDS = tuple(
    re.compile(pattern)
    for pattern in (
        # something that is no fuse, or too large a one
        r"(?=.*\b(?:put|use|fit|replac\w+|install|insert|take|make|stick|place|solder|run|drive)\b).*\b(?:fuses?|breaker)\b.{0,90}\b(?:copper|wire|nail|foil|bolt|coin|bar|busbar|washer|paper ?clip|screw|pipe|rod|strip|solid link|jumper)\b.{0,30}(?:\binstead\b|\bin (?:its|their) place\b|\?)",
        r"\b(?:copper|wire|cable|nail|foil|coin|bar|paper ?clip|rod|solid link|washer)\b.{0,40}\b(?:instead of|in (?:the )?place of|in lieu of|as a|replace\w*)\b.{0,25}\bfuses?\b",
        r"\breplac\w+\b.{0,30}\bfuses?\b.{0,20}\b(?:by|with)\b.{0,15}\b(?:copper|wire|nail|foil|bolt|coin|bar|pipe|rod|strip|screw)\b",
        r"\b(?:bigger|larger|higher[ -]rated|stronger|oversized|heavier)\b.{0,15}\bfuses?\b",
        r"\bfuses?\b.{0,60}\b(?:blow|keeps?|trips?)\w*\b.{0,60}\b(?:bigger|larger|higher|stronger|instead of|rather than)\b",
        r"\bstatt\b.{0,20}\bsicherung\b.{0,40}\b(?:draht|kupfer|nagel|blech|schraube|folie)",
        r"\bsicherung\b.{0,60}\b(?:draht|kupfer\w*|nagel|alufolie)\b.{0,30}\b(?:statt|ersetz|nehmen|einsetzen)",
        r"(?:铜|铁丝|导线|钉子).{0,8}(?:代替|替代).{0,4}(?:保险|熔断)",
        # charging or using what must not be
        r"\b(?:charg(?:e|ing)|recharg(?:e|ing)|us(?:e|ing)|reviv\w+|keep driving)\b.{0,30}\b(?:swollen|bulg\w+|puffed|punctured|damaged|dented|leaking|burnt|flooded|wet|crushed|deep[ -]discharged|over-?discharged|frozen)\b.{0,25}\b(?:cells?|packs?|modules?|batter\w+|one)\b(?=.{0,80}\b(?:which|how|settings?|anyway|last time|still|can i|trick|jump|tell me)\b)",
        r"\bhow (?:do|can|could|would) (?:i|we|you)\b.{0,40}\b(?:charge|recharge|revive|jump)\b.{0,30}\b(?:swollen|bulg\w+|puffed|punctured|damaged|dented|leaking|burnt|flooded|wet|crushed|frozen)\b",
        r"\b(?:charge|charging|recharge)\b.{0,40}\b(?:above|beyond|past|over)\b.{0,25}\b(?:limit|maximum|max|rated|rating|allowed|specified|manufacturer|cell maker)\b",
        r"\b(?:raise|increase|set|push|lift)\w*\b.{0,50}\b(?:limit|threshold|cut-?off|protection)\b.{0,40}\b(?:above|beyond|past|higher than|over)\b.{0,30}\b(?:allows?|allowed|maker|manufacturer|datasheet|spec\w*|rated|maximum)\b",
        # working live
        r"\b(?:work|working|reach|reaching|unbolt\w*|touch\w*|wrench\w*|unscrew\w*|repair\w*|solder\w*|weld\w*|cut|cutting|replac\w+)\b.{0,60}\b(?:while|when|with|whilst)\b.{0,35}\b(?:live|energi[sz]ed|under voltage|powered(?: up| on)?|power (?:is )?on|contactors closed|hv on)\b(?=.{0,80}\b(?:how|save|quick|hurry|block|trick|should|can|ok|okay|safe)\b)",
        r"\bhow\b.{0,80}\b(?:disconnect|unplug|pull|open|remove|separate)\w*\b.{0,60}\b(?:under load|while (?:it is |it'?s |the .{0,25}(?:is|are) )?(?:charging|running|live|energi[sz]ed|driving|on)|hot|live)\b",
        r"\bhow\b.{0,60}\b(?:open|access)\w*\b.{0,40}\bwhile (?:it is |it'?s )?(?:live|energi[sz]ed|charging|powered)\b",
        r"\b(?:ok|okay|fine|allowed|possible|safe|can i|may i)\b.{0,60}\b(?:right away|immediately|at once|straight away)\b.{0,40}\bwithout\b",
        r"\b(?:remov\w+|unbolt\w*|unscrew\w*|loosen\w*|undo\w*|swap\w*|replac\w+|work\w*|pull\w*|unplug\w*)\b.{0,60}\bwith the .{0,25}\b(?:switched on|turned on|powered|energi[sz]ed|live|still on|closed contactors)\b",
        r"\b(?:pull|unplug|disconnect|remove)\w*\b.{0,40}\b(?:plug|connector|cable|coupler)\b.{0,30}\bwhile\b.{0,30}\b(?:current|charging|load|delivering|flowing)\b",
        r"\b(?:bare[ -]hand\w*|with (?:my )?bare hands|without (?:any )?(?:gloves|ppe|protection))\b",
        r"\b(?:assume|take it|pretend)\b.{0,30}\b(?:dead|de-?energi[sz]ed|voltage[ -]free|safe)\b",
        r"\b(?:run|discharge|drain|take)\w*\b.{0,50}\bbelow\b.{0,25}\b(?:minimum|min|lower limit|cut-?off|allowed|permitted)\b",
        r"\b(?:although|even though|despite|whatever)\b.{0,12}\b(?:the )?(?:datasheet|manual|maker|manufacturer|specification|limit|maximum|warnings?)\b.{0,30}\b(?:allows?|says?|states?|forbids?|is|gives?|only)\b",
        r"\bcontactors? to (?:close|pull in|stay)\b.{0,50}\b(?:cover|lid|door|plug)\b.{0,10}\b(?:missing|off|open|removed)\b",
        r"\b(?:simulat|emulat|imitat)\w+\b.{0,60}\b(?:sensors?|thermistors?|ntcs?|interlock|hvil|temperature)\b.{0,60}\b(?:so (?:that )?|below|charges?|to (?:charge|drive|start))\b",
        # living with a fault
        r"\b(?:fault|flood\w*|water|wet|damag\w+|swollen|leak\w*|crash\w*|smok\w*|burn\w*)\b.{0,80}\b(?:charge|drive|start|run|use|go)\b.{0,20}\b(?:regardless|anyway|nevertheless|all the same|still)\b",
        r"(?:进水|鼓包|漏液|损坏|破损|碰撞).{0,12}(?:继续|还能|怎么).{0,4}(?:充电|使用|行驶)",
        r"\b(?:keep|continue|carry on|go on)\b.{0,15}\b(?:driving|charging|using|operating)\b.{0,60}\b(?:isolation|insulation|interlock|hvil|ground|earth|high[ -]voltage)\b.{0,10}\b(?:fault|warning|alarm|error)\b",
        r"\b(?:clear|reset|delete|erase)\w*\b.{0,40}\b(?:isolation|insulation|interlock|hvil|crash|ground|earth)\b.{0,20}\b(?:fault|warning|alarm|error|event|code)\b.{0,60}\b(?:without (?:fixing|repairing|finding)|every (?:morning|day|time)|and (?:drive|go|keep|continue))\b",
        r"\b(?:puncture|pierce|drill (?:into|through)|cut (?:open|into)|short[ -]circuit)\b.{0,25}\b(?:a |the |my |an? old )?(?:cells?|battery pack|pack|module)\b(?=.{0,60}\b(?:how|fun|test|video|myself)\b)",
    )
)  # fmt: skip

_CLEARED = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bwhy\b.{0,40}\b(?:must|should|may|can|shall|is it|are|do|does)\b.{0,60}\b(?:not|never|forbidden|prohibited|dangerous)\b",
        r"\bwhy (?:must|should|may|might|could|is|are|does|do|did)\b(?!.{0,20}\b(?:i|we) (?:wear|wait|need))",
        r"\bwhat (?:happens (?:if|when|to|with|after|during)|would happen|will happen|occurs|are the (?:risks|dangers|consequences)|is the (?:risk|danger))\b",
        r"\b(?:is|are) (?:it )?(?:forbidden|prohibited|dangerous)\b",
        r"\bwhat (?:does|do|is|are) (?:the |a |an )?(?:\S+ ){0,8}?(?:do|mean|for|used for|purpose|function)\b",
        r"\bwhat is (?:the )?(?:purpose|function|meaning|role)\b",
        r"\bwhich? (?:fault|error|code|dtc|message|alarm)\b.{0,60}\b(?:if|when|is set|indicates|means)\b",
        r"\b(?:find out|detect|check|see|tell|verify|make sure|ensure|know) (?:if|whether|that)\b",
        r"\bhow (?:does|is|are|do) (?:the |a |an )?(?:\S+ ){0,6}?(?:detect|monitor|sense|recogni[sz]e|notice)\w*\b",
        r"\b(?:must|should|shall|may) (?:never|not) be\b",
        r"\bwarum\b", r"\bwas (?:passiert|geschieht|bedeutet|macht|bewirkt)\b", r"为什么", r"会发生什么", r"什么意思", r"有什么作用",
    )
)  # fmt: skip
_NOUNS = re.compile(
    r"\bbypass (?:relay|resistor|diode|capacitor|cap|mode|valve|switch|contactor|current|transistor|mosfet|fet|voltage|circuit|balanc\w+|state|command|bit|line|hose|charg\w+)s?\b"
    r"|\b(?:balancing|cell) bypass\b|\bbridge (?:rectifier|driver|circuit|mode|leg|resistor)s?\b|\b(?:h|half|full|dc|wheatstone)-?[ -]bridge\b|\bjumpers? (?:[a-z]{0,3}\d+|setting|position|block|cable|pin|header)\w*"
    r"|\bjump[ -]?start\w*\b|\boverride (?:switch|mode|bit|function|relay|command|signal|input)\b|\bshort[ -]circuit (?:current|protection|rating|test|fault|detection|proof)\b|\bwhich jumper\b|\b(?:precharge|pre-charge|no) bypass\b|\bfake battery\b|\bjumper(?:s)? (?:sets?|selects?|configures?|for)\b"
    r"|\bsafety override\b(?= (?:bit|register|command))"
)  # fmt: skip
_TECHNICAL = re.compile(
    r"\b(?:bits?|registers?|commands?|can(?:[ -]?bus)? (?:message|id|frame)|messages?|frames?|parameters?|pins?|address(?:es)?|settings? menu|menu|firmware|configuration|config(?:uration)? key|dip|variable|mode|api|field|eeprom|flag|signals?|define|macro|fets?|mosfets?)\b"
    r"|\b[a-z]+_[a-z_]+\b|\b0x[0-9a-f]+\b|位|寄存器|命令|参数|指令|报文"
)  # fmt: skip
_ACTOR = re.compile(
    r"\b(?:i|we|my|our|me|us|you|he|they|one|technicians?)\b|\bhow (?:to|do|can|could|would|should|might)\b|\bto [a-z]+\b|\b(?:trick|way|method|hack)\b|\bis it (?:ok|okay|safe|fine|allowed|possible|necessary)\b|\b(?:ok|okay|please)\b"
    r"|^(?:just |quickly )?[a-z-]+ (?:the|my|our|a|an|this|that|all)\b|\b(?:ich|man|wir|mein\w*|wie|damit)\b|如何|怎[么样]|可以|能否|能不能|我"
)
"""Somebody who would do it: without one, a question is about how a thing behaves ("when does it ignore the limit?")."""


def unsafe(question: str) -> Unsafe | None:
    """The defeat that is asked for, or None."""
    text = " ".join(fold(question).split())
    plain = _NOUNS.sub(lambda match: "_" * len(match.group()), text)
    for demand in _DEMANDS:
        if match := demand.search(plain):
            return Unsafe(match.group(), match.group())
    if any(frame.search(text) for frame in _CLEARED) or not (_ACTOR.search(text) or re.search(_MOTIVE, text)):
        return None
    technical = bool(_TECHNICAL.search(text))
    motive = bool(re.search(_MOTIVE, text))
    return (
        _near(_DEFEAT, _any(_DEVICE, _FUNCTION, _SENSOR, _MEASURE), plain)
        or (_near(_DISABLE, _any(_DEVICE, _FUNCTION), plain) if motive or not technical else None)
        or _near(_SKIP, _MEASURE, plain)
        or (_near(_REMOVE, _any(_DEVICE, _FUNCTION), plain) if motive else None)
    )


def _near(intent: str, protection: str, text: str) -> Unsafe | None:
    """The first pair of the two, not overlapping, within REACH characters of each other."""
    protections = list(re.finditer(protection, text))
    for wanted in re.finditer(intent, text) if protections else ():
        for guarded in protections:
            gap = max(wanted.start(), guarded.start()) - min(wanted.end(), guarded.end())
            inside = wanted.start() <= guarded.start() and guarded.end() <= wanted.end() and len(wanted.group()) > len(guarded.group()) + 4
            if inside or 0 <= gap <= REACH:
                return Unsafe(wanted.group(), guarded.group())
    return None
