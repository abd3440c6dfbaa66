"""`/u/<token>`: leave a guide. GET explains, one POST does it (RFC 8058), nothing else does."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from pipeline import jobs, page, store, token
from pipeline.app import App


def router(app: App) -> APIRouter:
    """The routes."""
    routes, desk = APIRouter(), app.desk

    def read(said: str) -> tuple[int, str, str]:
        """Who leaves which guide, and its title."""
        found = token.read_leave(said, keys=desk.keys)
        if found is None:
            raise HTTPException(404)
        with desk.store.read() as tx:
            record = store.guides.records(tx).get(store.guides.current_slug(tx, found[1]))
        return (*found, record.front.title if record else found[1])

    @routes.get("/u/{said}", response_class=HTMLResponse)
    @routes.head("/u/{said}", response_class=HTMLResponse)
    def explain(said: str) -> str:
        _, _, title = read(said)
        return page.unsubscribe_page(title, desk.site, desk.templates, is_done=False)

    @routes.post("/u/{said}", response_class=HTMLResponse)
    def leave(said: str) -> str:
        subscriber_id, slug, title = read(said)
        jobs.leave(desk, subscriber_id, slug, desk.clock())
        return page.unsubscribe_page(title, desk.site, desk.templates, is_done=True)

    return routes
