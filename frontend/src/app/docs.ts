// The API console at /docs: Swagger UI from our own files, reading our own /openapi.json.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'

SwaggerUI({
  url: '/openapi.json',
  dom_id: '#console',
  deepLinking: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  // the badge would ask another host whether our document is valid
  validatorUrl: null,
})
