"""The Word templates as code: `python -m app.documents.build_templates` writes each beside its paper's module.

The field names in double braces are those that the paper's `fields` gives. Whoever wants another look may change the
.docx itself in Word: a file that no longer works is left aside, and the one built here is used.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

SONG, HEI = "宋体", "黑体"
_MADE = datetime(2026, 1, 1)  # the file's own properties know no zone; fixed, so that only a change changes them


def agreement() -> Document:
    """Return the template of 人民调解协议书."""
    paper = _paper("{{ title }}")
    _line(paper, "编号:{{ number }}(系统案号 {{ case_no }})", right=True)
    _people(paper)
    _line(paper, "纠纷类型:{{ matter }}")
    _block(paper, "纠纷主要事实、争议事项和各方责任", "facts")
    _block(paper, "经调解,各方自愿达成如下协议", "terms")
    _line(paper, "履行方式:{{ way }}")
    _line(paper, "履行期限:{{ deadline }}")
    _line(paper, "达成日期:{{ agreed_on }}")
    _when(paper, "oral", "口头协议自各方达成之日起生效,由调解员记录(人民调解法第三十条)。")
    _when(
        paper, "not oral", "本协议自各方签名、盖章或按指印,调解员签名并盖调委会印章之日起生效(人民调解法第二十九条)。"
    )
    _when(paper, "confirmable", "各方可在协议生效之日起三十日内,共同向人民法院申请司法确认(人民调解法第三十三条)。")
    _when(paper, "not oral", "本协议书一式{{ copies }}份,各方各执一份,人民调解委员会留存一份。")
    _signatures(paper)
    return paper


def choice_slip() -> Document:
    """Return the template of 选择确认单."""
    paper = _paper("选择确认单")
    _line(paper, "编号:{{ number }}", right=True)
    _people(paper)
    _line(paper, "纠纷类型:{{ matter }}")
    _heading(paper, "交给各方选择的名单")
    _line(paper, "{%p for person in listed %}")
    _line(paper, "{{ loop.index }}. {{ person.name }}({{ person.kind }}){{ person.home }}")
    _line(paper, "{%p endfor %}")
    _line(paper, "各方分别秘密标注,封存后同时揭晓。任何一方标“不要”的人都没有选。")
    _line(paper, "按约定规则,共同选定的调解员:{{ mediator }}")
    _line(paper, "各方知道:调解不收费;可以拒绝或随时停止调解;对调解员可以申请回避。")
    _line(paper, "{%p for side in sides %}")
    _line(paper, "{{ side.title }}(签名、盖章或按指印):＿＿＿＿＿＿＿＿  日期:＿＿＿＿＿＿", roomy=True)
    _line(paper, "{%p endfor %}")
    _line(paper, "{{ committee }}", right=True)
    _line(paper, "{{ made_on }}", right=True)
    return paper


BUILDERS: Mapping[str, Callable[[], Document]] = {"agreement": agreement, "choice_slip": choice_slip}


def main() -> None:
    """Write every template beside its module."""
    for name, build in BUILDERS.items():
        build().save(str(Path(__file__).with_name(f"{name}.docx")))


def _paper(title: str) -> Document:
    paper = docx.Document()
    paper.core_properties.title, paper.core_properties.author = "", ""
    paper.core_properties.created = paper.core_properties.modified = _MADE
    style = paper.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), SONG)
    section = paper.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.8)
    section.top_margin = section.bottom_margin = Cm(2.5)
    _styled(paper.add_paragraph(), title, HEI, 20).alignment = WD_ALIGN_PARAGRAPH.CENTER
    return paper


def _styled(paragraph: Paragraph, words: str, font: str, size: int) -> Paragraph:
    run = paragraph.add_run(words)
    run.font.size = Pt(size)
    run.bold = font == HEI
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    return paragraph


def _line(paper: Document, words: str, *, right: bool = False, roomy: bool = False) -> None:
    paragraph = paper.add_paragraph(words)
    paragraph.paragraph_format.space_after = Pt(14 if roomy else 4)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _heading(paper: Document, words: str) -> None:
    paragraph = _styled(paper.add_paragraph(), f"{words}:", HEI, 12)
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(8), Pt(2)
    paragraph.paragraph_format.keep_with_next = True


def _block(paper: Document, heading: str, field: str) -> None:
    _heading(paper, heading)
    _line(paper, "{{ " + field + " }}")


def _when(paper: Document, condition: str, words: str) -> None:
    _line(paper, "{%p if " + condition + " %}")
    _line(paper, words)
    _line(paper, "{%p endif %}")


def _people(paper: Document) -> None:
    _line(paper, "{%p for side in sides %}")
    _line(paper, "{%p for person in side.people %}")
    _line(paper, "{{ side.title }}:{{ person.name }}{% if person.about %},{{ person.about }}{% endif %}")
    _line(paper, "{%p endfor %}")
    _line(paper, "{%p endfor %}")


def _signatures(paper: Document) -> None:
    _line(paper, "{%p if not oral %}")
    _line(paper, "{%p for signer in signers %}")
    guardian = "{% if signer.guardian %}(监护人{{ signer.guardian }}代){% endif %}"
    _line(paper, "{{ signer.title }}{{ signer.name }}" + guardian + "(签名、盖章或按指印):＿＿＿＿＿＿＿＿", roomy=True)
    _line(paper, "{%p endfor %}")
    _line(paper, "{%p endif %}")
    _line(paper, "人民调解员(签名):{{ mediator }}  ＿＿＿＿＿＿＿＿", roomy=True)
    _line(paper, "记录人(签名):{{ recorder }}  ＿＿＿＿＿＿＿＿", roomy=True)
    _line(paper, "{{ committee }}(印章)", right=True)
    _line(paper, "{{ made_on }}", right=True)


if __name__ == "__main__":
    main()
