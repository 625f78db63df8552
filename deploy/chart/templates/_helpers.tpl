{{/* The name of every object: release and part. */}}
{{- define "satchel.name" -}}
{{- $base := ternary .root.Release.Name (printf "%s-satchel" .root.Release.Name) (contains "satchel" .root.Release.Name) -}}
{{- printf "%s-%s" ($base | trunc 45 | trimSuffix "-") .part -}}
{{- end }}

{{/* What selects the pods of a part; never changes between versions. */}}
{{- define "satchel.selector" -}}
app.kubernetes.io/name: satchel
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "satchel.labels" -}}
{{ include "satchel.selector" . }}
app.kubernetes.io/version: {{ .tag | default .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{/* The image of a part; that of another release where `tag` names one. */}}
{{- define "satchel.image" -}}
{{- $i := .root.Values.image -}}
{{- $name := printf "%ssatchel/%s" (ternary "" (printf "%s/" (trimSuffix "/" $i.registry)) (empty $i.registry)) .part -}}
{{- $digest := get $i.digests .part -}}
{{- if .tag }}{{ printf "%s:%s" $name .tag }}{{ else if $digest }}{{ printf "%s@%s" $name $digest }}{{ else }}{{ printf "%s:%s" $name ($i.tag | default .root.Chart.AppVersion) }}{{ end -}}
{{- end }}

{{/* Restricted pod security (the standard of that name). user, group and fsGroup are those of deploy/images. */}}
{{- define "satchel.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .fsGroup | default .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "satchel.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* What every pod says. Service links would put names such as SATCHEL_API_PORT into the environment. */}}
{{- define "satchel.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Two pods of a part are on two nodes where there are two. */}}
{{- define "satchel.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ include "satchel.selector" . | fromYaml | toJson }}}
{{- end }}

{{/* Whether the API has an edge, and which settings belong to that alone. */}}
{{- define "satchel.edge" -}}
{{- if or .Values.edge.enabled .Values.edge.externalListener }}true{{ end -}}
{{- end }}

{{/* The settings of a part as YAML: what all have, what the part alone has, what follows from other values. Each one
     only where settings.yaml says that the program reads it. */}}
{{- define "satchel.settings" -}}
{{- $read := .root.Files.Get "settings.yaml" | fromYaml -}}
{{- $given := merge (dict) (index .root.Values .part).settings .root.Values.settings -}}
{{- $own := dict -}}
{{- range $name, $value := $given -}}
  {{- if or (has $.part (get $read $name | default list)) (and (hasPrefix "OTEL_" $name) (ne $.part "migrate")) -}}
    {{- $_ := set $own $name $value -}}
  {{- end -}}
{{- end -}}
{{- if ne .part "migrate" -}}
  {{- $_ := set $own "SATCHEL_METRICS_LISTEN" ":9090" -}}
  {{- $_ := set $own "SATCHEL_SPOOL_DIR" "/spool" -}}
  {{- if and .root.Values.edge.enabled (not (hasKey $own "SATCHEL_EDGE_DRIVER")) -}}
    {{- $_ := set $own "SATCHEL_EDGE_DRIVER" "varnish" -}}
  {{- end -}}
{{- end -}}
{{- if eq .part "api" -}}
  {{- $_ := set $own "SATCHEL_API_LISTEN" ":8400" -}}
  {{- $_ := set $own "SATCHEL_CONTENT_LISTEN" ":8401" -}}
  {{- $_ := set $own "SATCHEL_API_REPLICAS" (.root.Values.api.replicas | toString) -}}
  {{- if not (hasKey $own "SATCHEL_DRAIN") -}}
    {{- $_ := set $own "SATCHEL_DRAIN" "5s" -}}{{/* clients are asked to close their connections, which no Service cuts */}}
  {{- end -}}
  {{- if include "satchel.edge" .root -}}
    {{- $_ := set $own "SATCHEL_EDGE_LISTEN" ":8402" -}}
  {{- end -}}
{{- end -}}
{{- if eq .part "worker" -}}
  {{- $_ := set $own "SATCHEL_CLAMD_SOCKET" "/run/clamd/clamd.sock" -}}
  {{- if not (hasKey $own "SATCHEL_INVITATION_URL") -}}
    {{- $_ := set $own "SATCHEL_INVITATION_URL" (printf "%s/invitations" (trimSuffix "/" .root.Values.settings.SATCHEL_API_URL)) -}}
  {{- end -}}
  {{- if and .root.Values.edge.enabled (eq $own.SATCHEL_EDGE_DRIVER "varnish") (not (hasKey $own "SATCHEL_EDGE_PURGE_URL")) -}}
    {{- $_ := set $own "SATCHEL_EDGE_PURGE_URL" (printf "http://%s:8081/" (include "satchel.name" (dict "root" .root "part" "edge"))) -}}
  {{- end -}}
{{- end -}}
{{- toYaml $own -}}
{{- end }}

{{/* The keys of the Secret that a part gets, as YAML. Without an edge no program has its secrets. */}}
{{- define "satchel.keys" -}}
{{- $keys := dict -}}
{{- $driver := (include "satchel.settings" . | fromYaml).SATCHEL_EDGE_DRIVER | default "none" -}}
{{- range $name, $key := (index .root.Values.secrets .part).keys -}}
  {{- $unused := or (and (eq $name "SATCHEL_EDGE_KEYS") (not (include "satchel.edge" $.root))) (and (eq $name "SATCHEL_EDGE_PURGE_SECRET") (eq $driver "none")) -}}
  {{- if and $key (not $unused) -}}
    {{- $_ := set $keys $name $key -}}
  {{- end -}}
{{- end -}}
{{- toYaml $keys -}}
{{- end }}

{{/* The environment: settings as they are, secrets as paths of files. */}}
{{- define "satchel.environment" -}}
{{- $settings := include "satchel.settings" . | fromYaml -}}
{{- range $name, $value := $settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- range $name, $key := include "satchel.keys" . | fromYaml }}
{{- if hasKey $settings $name }}{{ fail (printf "%s is in settings and in secrets.%s.keys: leave it in one of the two" $name $.part) }}{{ end }}
- {name: {{ ternary $name (printf "%s_FILE" $name) (hasSuffix "_PATH" $name) }}, value: {{ printf "/run/secrets/satchel/%s" $key | quote }}}
{{- end }}
{{- end }}

{{- define "satchel.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ (index .root.Values.secrets .part).existingSecret }}
    defaultMode: 0440
    items:
    {{- range values (include "satchel.keys" . | fromYaml) | uniq | sortAlpha }}
      - {key: {{ . | quote }}, path: {{ . | quote }}}
    {{- end }}
{{- end }}

{{/* A rule of a network policy: every port of `ports`, to the peers of `to`. */}}
{{- define "satchel.egress" -}}
{{- if .ports }}
- ports:
  {{- range .ports }}
    - {port: {{ . }}, protocol: TCP}
  {{- end }}
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Whether workers say which build they are, and one is promoted. */}}
{{- define "satchel.versioned" -}}
{{- if eq ((include "satchel.settings" (dict "root" . "part" "worker") | fromYaml).SATCHEL_WORKER_VERSIONING | default "false") "true" }}true{{ end -}}
{{- end }}
