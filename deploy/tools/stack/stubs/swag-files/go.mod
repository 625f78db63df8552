module github.com/swaggo/files

go 1.26
