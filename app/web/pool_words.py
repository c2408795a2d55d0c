"""What stands in the history of an entry, in words."""

from app.errors import N_

EVENT_WORDS = {
    "enrolled": N_("进库"),
    "amended": N_("修改"),
    "status": N_("改状态"),
    "expertise": N_("改擅长"),
    "areas": N_("改服务区域"),
    "leave": N_("请假"),
    "relation": N_("记回避"),
    "profile": N_("改登记"),
    "photo": N_("换照片"),
    "training": N_("记培训"),
    "members": N_("改成员"),
    "merged": N_("合并"),
}
FIELD_WORDS = {
    "name": N_("姓名"),
    "kind": N_("类别"),
    "sex": N_("性别"),
    "birth_year": N_("出生年份"),
    "home": N_("住处"),
    "phone": N_("电话"),
    "title": N_("职务"),
    "intro": N_("一句话介绍"),
    "dialects": N_("方言"),
    "load_cap": N_("接单上限"),
    "status": N_("状态"),
    "why": N_("为什么"),
    "form": N_("形式"),
    "subkind": N_("细类"),
    "grade": N_("等级"),
    "term_from": N_("聘期开始"),
    "term_to": N_("聘期截止"),
    "consent": N_("公示"),
    "topic": N_("内容"),
}
