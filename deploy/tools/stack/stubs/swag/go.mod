module github.com/swaggo/swag

go 1.26
