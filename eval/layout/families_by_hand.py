"""Families set by hand: Chinese manuals, and office documents in Helvetica with the habits of their programs."""

from __future__ import annotations

from random import Random

from eval.layout.families_manuals import Family, Plan, begin
from eval.layout.setter import Setter
from eval.layout.specs import TableSpec, one, torques

_ZH = {
    "part": "冷却泵|逆变器|驱动电机|电池包|高压连接器|直流母线|维修开关|充电口|绝缘监测仪|保险丝盒|温度传感器|接线盒",
    "do": "拆下|安装|检查|清洁|拧紧|断开|更换|测量|标记",
    "state": "断电状态|干燥|完全关闭|冷却|锁止|清洁无油",
    "topic": "安全说明|概述|安装|拆卸|维护|冷却系统|电气连接|故障诊断|存放|运输|充电|技术参数|检验|软件更新",
    "harm": "触电|烧伤|起火|电池损坏|绝缘失效",
}
_SIGNALS = (("danger", "危险"), ("warning", "警告"), ("caution", "小心"), ("caution", "注意"), ("notice", "说明"), ("notice", "提示"))
QUIRKS = (
    frozenset({"no blanks"}),
    frozenset({"runs", "twice"}),
    frozenset({"scrambled"}),
    frozenset({"feet first", "spaced heads"}),
    frozenset({"no blanks", "twice", "spaced heads"}),
    frozenset({"runs", "scrambled"}),
    frozenset({"twice"}),
)


class _Chinese:
    """Sentences from a small grammar."""

    def __init__(self, rng: Random) -> None:
        self.rng, self._topics = rng, _ZH["topic"].split("|")
        rng.shuffle(self._topics)

    def pick(self, name: str) -> str:
        return self.rng.choice(_ZH[name].split("|"))

    def title(self) -> str:
        return self._topics.pop() if self._topics else f"{self.pick('part')}{self.pick('do')}"

    def sentence(self) -> str:
        rng = self.rng
        forms = (
            f"{self.pick('part')}与{self.pick('part')}之间的电压不得超过 {rng.randint(12, 900)} V。",
            f"{self.pick('do')}{self.pick('part')}之前，确认{self.pick('part')}处于{self.pick('state')}。",
            f"{self.pick('part')}的工作温度为 -{rng.randint(5, 40)} °C 至 {rng.randint(50, 90)} °C。",
            f"每隔 {rng.randint(2, 24)} 个月检查一次{self.pick('part')}和{self.pick('part')}。",
        )
        return rng.choice(forms)

    def text(self, n: int) -> str:
        return "".join(self.sentence() for _ in range(n))

    def step(self) -> str:
        return f"{self.pick('do')}{self.pick('part')}，拧紧力矩为 {self.rng.randint(2, 90)} Nm。"

    def warning(self) -> str:
        return f"{self.pick('part')}带有高压，有{self.pick('harm')}的危险。{self.pick('do')}前必须断开{self.pick('part')}。"

    def table(self, n: int, ruling: str) -> TableSpec:
        rows = [one([self.pick("part"), f"{self.rng.randint(1, 900)}", self.rng.choice(("V", "A", "Nm", "kW"))]) for _ in range(n)]
        return TableSpec(3, [one(["项目", "数值", "单位"])], rows, ruling)


def chinese(rng: Random, number: int) -> Plan:
    """Numbered headings, steps, notices in frames or inline, tables; one or two columns."""
    manual = begin(rng, "维修手册", font="New Computer Modern")
    manual.title = f"{manual.title.split()[0]} 维修手册"
    manual.traits.add("chinese")
    voice = _Chinese(rng)
    setter = Setter(manual, rng.choice((9.5, 10.0, 10.5)), head=manual.title, columns=2 if number % 3 == 2 else 1)
    for index in range(4):
        setter.heading(0, voice.title())
        setter.paragraph(voice.text(3))
        setter.heading(1, voice.title())
        level, signal = _SIGNALS[(index + number) % len(_SIGNALS)]
        setter.notice(level, signal, voice.warning(), framed=index % 2 == 0)
        setter.steps([voice.step() for _ in range(rng.randint(4, 7))], rng.choice(("{}.", "{}、", "({})")))
        setter.paragraph(voice.text(4))
        setter.table(voice.table(rng.randint(4, 7), ("ruled", "half", "unruled")[(index + number) % 3]))
    return Plan(manual, ("none", "full")[number % 2], pages=setter.finish())


def office(rng: Random, number: int) -> Plan:
    """Helvetica without embedding; words without blanks, bold by double drawing, text out of order; one or two columns."""
    manual = begin(rng, "Work Instruction", font="New Computer Modern")
    voice = manual.voice
    setter = Setter(manual, rng.choice((9.0, 10.0, 11.0)), head=manual.title, columns=1 + number % 2, quirks=QUIRKS[number % len(QUIRKS)])
    for index in range(4):
        setter.heading(0, voice.title())
        setter.paragraph(_plain(voice.text(3)))
        setter.heading(1, voice.title())
        level = rng.choice(("danger", "warning", "caution", "notice"))
        setter.notice(level, level.upper(), voice.warning(), framed=index % 2 == 1)
        setter.steps([voice.step() for _ in range(rng.randint(4, 6))])
        setter.paragraph(_plain(voice.text(2)))
        setter.steps([voice.bullet() for _ in range(3)], "\u2022")
        if setter.columns == 1:
            table = torques(rng, voice, rng.randint(4, 7), ("ruled", "unruled", "half")[index % 3])
            setter.table(table)
    return Plan(manual, ("full", "none")[number % 2], pages=setter.finish())


def _plain(text: str) -> str:
    """Only what the standard fonts have, and nothing raised or lowered."""
    return text.replace("^{2}", "").replace("_{DC}", "").replace("mΩ", "mA")


BY_HAND: dict[str, Family] = {"chinese": chinese, "office": office}
