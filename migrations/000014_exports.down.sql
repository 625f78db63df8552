drop table export_parts, exports;
