"""What came of pictures: as lines of JSON, as a table, as COCO, and drawn on copies of them."""
