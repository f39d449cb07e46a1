"""Pictures drawn by arithmetic alone: nobody took them, so everybody may try the service on them."""
