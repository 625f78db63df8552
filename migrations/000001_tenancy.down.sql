drop table members;
drop table users;
drop table organizations;
drop schema app cascade;
