"""The config folder that the browser tests look at: every kind of parameter, and a step for failures alone."""

from __future__ import annotations

from tests.e2e.confs import IMAGE, Conf

FORECAST = Conf(
    "forecast",
    f"""\
    conf:
      airflow:
        name: Sales forecast
        owner: forecasting
        tags: [shops]
        links: {{forecasting: "https://example.com/forecasting"}}
      variables:
        DATASET: sales
      models:
        demand:
          source_directory: scripts
          processing: {{image_uri: "{IMAGE}", entry_point: work.py}}
      sagemakerPipeline:
        pipelineName: forecast
        description: Forecasts the sales of each shop.
        parameters:
          Market: {{type: String, enum: [north, south], default: north, description: Which shops.}}
          Weeks: {{type: Integer, minimum: 1, maximum: 52, default: 4, description: How far to look ahead.}}
          Confidence: {{type: Float, minimum: 0.5, maximum: 0.99, default: 0.9}}
          Publish: {{type: Boolean, default: false, description: Whether shops see the forecast.}}
          Requester: {{type: String, description: Who asks for it.}}
        models:
          demand:
            steps:
              - {{step_name: collect, step_class: Processing, step_type: processing}}
              - {{step_name: predict, step_class: Processing, step_type: processing, depends_on: [collect]}}
              - step_name: tidy-up
                step_class: Processing
                step_type: processing
                depends_on: [{{step: collect, on: failed}}]
    """,
    "print('counting what was sold')\n",
)
