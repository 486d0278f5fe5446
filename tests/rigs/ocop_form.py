"""The form of the shipped campaign (DESIGN §6), for tests that need no config."""

from decimal import Decimal

from parsers.form import Choice, Field, Form

OWNER_KINDS = (
    Choice("doanh nghiệp", ("DN", "công ty", "Công ty TNHH", "Công ty cổ phần", "DNTN")),
    Choice("hợp tác xã", ("HTX", "HTX nông nghiệp")),
    Choice("tổ hợp tác", ("THT",)),
    Choice("hộ kinh doanh", ("HKD", "hộ KD", "hộ kinh doanh cá thể", "hộ gia đình")),
)
LOCATION_KINDS = (
    Choice("trung tâm thương mại, siêu thị", ("siêu thị", "trung tâm thương mại")),
    Choice("chợ", ("trong chợ", "tại chợ")),
    Choice("cửa hàng", ("cửa hàng kinh doanh",)),
    Choice("khu du lịch, điểm du lịch", ("khu du lịch", "điểm du lịch")),
    Choice("trạm dừng nghỉ", ("trạm dừng chân",)),
    Choice("bến xe, nhà ga, sân bay", ("bến xe", "nhà ga")),
    Choice("khu dân cư", ("khu dân cư tập trung",)),
    Choice("cơ sở sản xuất", ("nơi sản xuất", "làng nghề")),
)

FORM = Form(
    title="Danh sách đăng ký hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP",
    titles=("Biểu tổng hợp đăng ký điểm trưng bày, giới thiệu và bán sản phẩm OCOP",),
    fields=(
        Field(
            "name",
            "Tên điểm",
            "text",
            True,
            (
                "Tên điểm giới thiệu và bán sản phẩm OCOP",
                "Tên điểm bán hàng",
                "Điểm giới thiệu và bán sản phẩm",
                "Tên cửa hàng",
                "Tên điểm dự kiến",
            ),
        ),
        Field(
            "address",
            "Địa chỉ",
            "text",
            True,
            ("Địa điểm", "Địa chỉ điểm", "Địa chỉ (thôn, xã)", "Vị trí đặt điểm"),
        ),
        Field(
            "owner",
            "Chủ thể quản lý",
            "text",
            True,
            (
                "Chủ thể",
                "Tên chủ thể",
                "Đơn vị quản lý",
                "Tên cơ sở",
                "Chủ cơ sở",
                "Đơn vị chủ quản",
            ),
        ),
        Field(
            "owner_kind",
            "Loại hình",
            "choice",
            False,
            ("Loại hình chủ thể", "Loại hình kinh doanh"),
            OWNER_KINDS,
        ),
        Field(
            "registration_no",
            "Số ĐKKD/MST",
            "code",
            False,
            ("Số ĐKKD", "Mã số thuế", "MST", "Số đăng ký kinh doanh", "Giấy ĐKKD"),
            personal=True,
        ),
        Field(
            "representative",
            "Người đại diện",
            "text",
            True,
            (
                "Họ tên người đại diện",
                "Đại diện",
                "Họ và tên người đại diện",
                "Người đại diện theo pháp luật",
                "Người liên hệ",
            ),
            personal=True,
        ),
        Field(
            "phone",
            "Điện thoại",
            "phone",
            True,
            ("Số điện thoại", "SĐT", "Điện thoại liên hệ", "Số ĐT", "ĐT"),
            personal=True,
        ),
        Field(
            "location_kind",
            "Vị trí theo QĐ 950/QĐ-BCT",
            "choice",
            False,
            ("Vị trí theo Quyết định 950", "Loại vị trí", "Vị trí"),
            LOCATION_KINDS,
        ),
        Field(
            "area_m2",
            "Diện tích (m²)",
            "decimal",
            True,
            ("Diện tích", "Diện tích mặt bằng", "DT (m2)"),
            low=Decimal(5),
            high=Decimal(1000),
        ),
        Field(
            "products",
            "Sản phẩm OCOP",
            "list",
            True,
            ("Tên sản phẩm", "Sản phẩm", "Tên sản phẩm OCOP", "Danh mục sản phẩm OCOP"),
        ),
        Field(
            "stars", "Hạng sao", "stars", True, ("Số sao", "Xếp hạng", "Phân hạng", "Hạng sao OCOP")
        ),
        Field(
            "certified_on",
            "Ngày cấp giấy chứng nhận",
            "date",
            False,
            ("Ngày cấp", "Ngày cấp GCN", "Ngày công nhận", "Ngày quyết định công nhận"),
        ),
        Field(
            "needs",
            "Nội dung đề nghị hỗ trợ",
            "text",
            False,
            ("Nội dung hỗ trợ", "Nhu cầu hỗ trợ", "Nội dung đề nghị"),
        ),
        Field(
            "cost_total",
            "Tổng kinh phí",
            "money",
            False,
            ("Tổng kinh phí thực hiện", "Tổng dự toán", "Tổng mức đầu tư", "Tổng kinh phí đầu tư"),
            high=Decimal(5_000_000_000),
        ),
        Field(
            "cost_requested",
            "Kinh phí đề nghị hỗ trợ",
            "money",
            True,
            (
                "Kinh phí hỗ trợ",
                "Số tiền đề nghị hỗ trợ",
                "Kinh phí đề nghị",
                "NSNN hỗ trợ",
                "Đề nghị NSNN hỗ trợ",
            ),
            low=Decimal(5_000_000),
            high=Decimal(1_000_000_000),
        ),
        Field("note", "Ghi chú", "text", False, ("Ghi chú khác", "Diễn giải")),
    ),
    nil_phrases=("không có nhu cầu", "không đăng ký"),
    topic_phrases=("điểm giới thiệu và bán sản phẩm", "OCOP"),
)
