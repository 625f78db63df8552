module satchel/deploy/tools/vulndb

go 1.26.8

toolchain go1.27.3

require golang.org/x/vulndb v0.0.0-20261105234957-e22db6528018
