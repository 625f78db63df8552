module go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc

go 1.26

require go.opentelemetry.io/otel/sdk/metric v1.44.0
