"""Reading documents from outside (questionnaires, contracts): in a limited process of its own, and writing blank forms."""
