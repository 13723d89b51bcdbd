"""The names that come back to us with a click, a shortcut or a form. They live in old messages: never rename one."""

from enum import StrEnum


class ActionId(StrEnum):
    """Buttons and fields. Each has exactly one listener, which a test looks for."""

    CANCEL = "sora_cancel"
    AGAIN = "sora_again"
    EDIT = "sora_edit"
    DELETE = "sora_delete"
    REMOVE = "sora_remove"
    SEND_AGAIN = "sora_send_again"
    KEEP_WAITING = "sora_keep_waiting"
    ELSEWHERE = "sora_elsewhere"
    SEND_TO_ME = "sora_send_to_me"
    JOIN_AND_START = "sora_join_and_start"
    TRY_AGAIN = "sora_try_again"
    OPEN_FORM = "sora_open_form"
    CONFIRM_PRICE = "sora_confirm_price"
    CONFIRM_AGAIN = "sora_confirm_again"
    TAKE_CHEAPER = "sora_take_cheaper"
    STATUS_DETAILS = "sora_status_details"
    SHOW_VIDEO = "sora_show_video"
    WAS_MADE = "sora_was_made"
    WAS_NOT_MADE = "sora_was_not_made"
    USE_OFFER = "sora_use_offer"
    WAIT_FOR_IT = "sora_wait_for_it"
    STOP_ASKING = "sora_stop_asking"
    WHAT_HAPPENED = "sora_what_happened"
    OPEN_SETTINGS = "sora_open_settings"
    SETTINGS_STATUS = "sora_settings_status"
    SETTINGS_FAILOVER = "sora_settings_failover"
    SETTINGS_BUDGET = "sora_settings_budget"
    SETTINGS_BALANCE = "sora_settings_balance"
    SETTINGS_SUNSET = "sora_settings_sunset"
    SETTINGS_MAIL = "sora_settings_mail"
    SETTINGS_ADMINS = "sora_settings_admins"
    FORM_PROMPT = "sora_form_prompt"
    FORM_MODEL = "sora_form_model"
    FORM_LENGTH = "sora_form_length"
    FORM_SHAPE = "sora_form_shape"
    FORM_PICTURE = "sora_form_picture"
    FORM_PICTURE_FIT = "sora_form_picture_fit"
    FORM_RIGHTS = "sora_form_rights"
    FORM_PLACE = "sora_form_place"
    FORM_MORE = "sora_form_more"
    FORM_RESOLUTION = "sora_form_resolution"
    FORM_AUDIO = "sora_form_audio"
    FORM_SEED = "sora_form_seed"


JOB_BUTTONS = (
    ActionId.CANCEL,
    ActionId.AGAIN,
    ActionId.EDIT,
    ActionId.DELETE,
    ActionId.REMOVE,
    ActionId.SEND_AGAIN,
    ActionId.KEEP_WAITING,
    ActionId.ELSEWHERE,
    ActionId.SEND_TO_ME,
    ActionId.JOIN_AND_START,
    ActionId.TRY_AGAIN,
    ActionId.SHOW_VIDEO,
)
"""Their value is a job's id."""

DRAFT_BUTTONS = (ActionId.OPEN_FORM, ActionId.CONFIRM_PRICE, ActionId.CONFIRM_AGAIN, ActionId.TAKE_CHEAPER)
"""Their value is a draft's id."""

DOUBT_BUTTONS = (ActionId.WAS_MADE, ActionId.WAS_NOT_MADE)
"""For admins. Their value is the id of the submit that is in doubt: a job may have a second one."""

QUESTION_BUTTONS = (ActionId.USE_OFFER, ActionId.WAIT_FOR_IT, ActionId.STOP_ASKING)
"""For a video's person. Their value is a question's id: a job may have a second one."""

FORM_SELECTS = (
    ActionId.FORM_MODEL,
    ActionId.FORM_LENGTH,
    ActionId.FORM_SHAPE,
    ActionId.FORM_RESOLUTION,
    ActionId.FORM_AUDIO,
    ActionId.FORM_MORE,
)
"""A change of one of these redraws the form."""

FORM_FIELDS = (
    ActionId.FORM_PROMPT,
    ActionId.FORM_PICTURE,
    ActionId.FORM_PICTURE_FIT,
    ActionId.FORM_RIGHTS,
    ActionId.FORM_PLACE,
    ActionId.FORM_SEED,
)
"""Read when the form is sent; clients may tell of a change before."""

SETTINGS_FIELDS = (
    ActionId.SETTINGS_STATUS,
    ActionId.SETTINGS_FAILOVER,
    ActionId.SETTINGS_BUDGET,
    ActionId.SETTINGS_BALANCE,
    ActionId.SETTINGS_SUNSET,
    ActionId.SETTINGS_MAIL,
    ActionId.SETTINGS_ADMINS,
)
"""Of the admins' form; read when it is sent."""


class CallbackId(StrEnum):
    MAKE = "sora_create"
    """Global shortcut."""
    FROM_MESSAGE = "sora_from_message"
    """Message shortcut."""
    FORM = "sora_form"
    SETTINGS = "sora_settings"
    """The admins' form."""
    NOTICE = "sora_notice"
    """A view that only tells something."""
