"""The reference files of the random world: what is known at first, and what is only known later.

Belongs here: their text. Whatever comes later names the day from which it holds, so that the set of files means the
same whenever it is seen.
"""

from __future__ import annotations

from typing import Final

FIRST: Final = {
    "items": """\
item_code,item_name,item_kind,category,base_uom_code,gtin,unit_cost_amount,currency_code
TEE,T-shirt,stock,clothing,EA,03600529000016,8.00,EUR
MUG,Mug,stock,kitchen,EA,03600529000023,3.50,EUR
TEA,Tea,stock,grocery,EA,03600529000030,2.00,EUR
GIFT,Gift box,kit,kitchen,EA,03600529000047,,EUR
DUO,A shirt and two mugs,bundle,clothing,EA,,,EUR
""",
    "uoms": """\
item_code,uom_code,numerator,denominator,gtin
MUG,CS,6,1,13600529000020
*,DZ,12,1,
TEA,HALF,1,2,
""",
    "locations": """\
location_code,location_name,location_kind,gln,time_zone,rfid_posting
DC1,Warehouse,dc,3012345000017,Europe/Paris,authoritative
LIS,Shop Lisbon,store,3012345000031,Europe/Lisbon,
NYC,Shop New York,store,3012345000024,America/New_York,none
FBA,The marketplace's warehouse,channel_fulfilment,,Europe/Paris,
CLI,A client's site,consignment_out,,Europe/Paris,
VMI,A supplier's corner,consignment_in,,Europe/Paris,
""",
    "channels": """\
channel_code,channel_name,channel_kind,time_zone
store,Shops,store,
web,Web shop,web,Europe/Paris
amz,Marketplace,marketplace,America/New_York
""",
    "networks": """\
channel_code,location_code,priority
web,DC1,1
web,LIS,2
amz,DC1,2
amz,FBA,1
""",
    "suppliers": """\
supplier_code,supplier_name,supplier_kind
S1,Cup works,manufacturer
""",
    "bom": """\
kit_item_code,component_item_code,component_units
GIFT,MUG,1
GIFT,TEA,2
DUO,TEE,1
DUO,MUG,2
""",
}
"""entity → its file in the first scan."""

LATER: Final = {
    "items": """\
item_code,item_name,item_kind,category,base_uom_code,gtin,unit_cost_amount,currency_code
LAMP,Lamp,stock,kitchen,EA,03600529000054,,EUR
""",
    "uoms": """\
item_code,uom_code,numerator,denominator,gtin,valid_from
MUG,CS,8,1,13600529000020,2026-05-09T00:00:00Z
""",
    "locations": """\
location_code,location_name,location_kind,gln,time_zone,rfid_posting,valid_from
LIS,Shop Lisbon,store,3012345000031,Europe/Lisbon,authoritative,2026-05-08T00:00:00Z
""",
    "bom": """\
kit_item_code,component_item_code,component_units,valid_from
GIFT,TEA,3,2026-05-10T00:00:00Z
""",
    "relations": """\
item_code,related_item_code,relation_kind,valid_from
TEE,TEA,merge,2026-05-08T12:00:00Z
""",
}
"""entity → what a later scan brings: an item, a bigger case, a shop whose readers receive goods, another bill of the kit, and that two items are one."""
