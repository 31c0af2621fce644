"use strict";

SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null, // which would ask elsewhere
});
