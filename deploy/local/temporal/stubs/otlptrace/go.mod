module go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc

go 1.26

require go.opentelemetry.io/otel/sdk v1.44.0
